"""Runs of acknowledgements: each settled delivery is covered once, and none that is still being handled."""

from hypothesis import given, strategies as st

from service.delivery.acknowledger import Run


def test_a_run_without_gaps_is_one_acknowledgement():
    run = Run()
    for tag in (2, 1, 3):
        run.settle(tag, acknowledge=True)
    assert run.take() == [(3, True)]


def test_what_is_settled_beyond_a_gap_is_acknowledged_alone():
    run = Run()
    for tag in (1, 3, 4):
        run.settle(tag, acknowledge=True)
    assert run.take() == [(1, True), (3, False), (4, False)]


def test_a_rejected_delivery_is_run_over_but_never_named():
    run = Run()
    run.settle(1, acknowledge=True)
    run.settle(2, acknowledge=False)
    assert run.take() == [(1, True)]
    run.settle(3, acknowledge=True)
    assert run.take() == [(3, True)]


@st.composite
def histories(draw):
    """Deliveries in the order they are settled, some rejected, with a look at the run now and then."""
    count = draw(st.integers(1, 30))
    tags = draw(st.permutations(range(1, count + 1)))
    return [(tag, draw(st.booleans()), draw(st.booleans())) for tag in tags]


@given(histories())
def test_in_any_order_each_settled_delivery_is_acknowledged_once_and_no_other(history):
    run, settled, rejected, gone = Run(), set(), set(), set()

    def look():
        for tag, multiple in run.take():
            covered = {t for t in range(1, tag + 1) if t not in gone} if multiple else {tag}
            assert covered <= settled | rejected, "covers a delivery that is still being handled"
            assert tag in settled, "names a delivery that the broker no longer knows"
            assert tag not in gone, "acknowledges a delivery twice"
            gone.update(covered)

    for tag, acknowledge, then_look in history:
        (settled if acknowledge else rejected).add(tag)
        if not acknowledge:
            gone.add(tag)
        run.settle(tag, acknowledge=acknowledge)
        if then_look:
            look()
    look()
    assert settled <= gone
