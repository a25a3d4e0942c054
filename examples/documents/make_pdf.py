"""Writes `swarming.pdf` beside this script: three pages of prose with a bookmark each. Standard library only."""

from pathlib import Path

TITLE = "Swarming"
PAGES = {
    "Why colonies swarm": """
        Swarming is how a honey bee colony multiplies. In late spring, when the nectar flow is rich and the brood box
        is crowded, the scent of the queen no longer reaches every bee. The workers then build queen cells at the edge
        of the comb, and the old queen lays an egg in each of them. She is fed less and loses weight, so that she can
        fly. When the first queen cells are capped, on the next warm day around noon, she leaves the hive with half of
        the bees.

        The swarm settles on a branch not far from the apiary and hangs there as a cluster. It is gentle, since it has
        neither brood nor stores to defend, and the bees have filled their stomachs with honey for the journey.

        A young queen, a crowded brood box, a sudden nectar flow after rain: each of them raises the pressure. Some
        strains swarm every year and others hardly at all, so the choice of the queen matters as much as the work of
        the beekeeper.
    """,
    "Finding a new home": """
        Scout bees search the neighbourhood for a cavity. A good one is dry, holds about forty litres, lies high above
        the ground and has a small entrance. A scout that has found such a place returns and dances on the surface of
        the cluster. The better the cavity, the longer the dance, and the more scouts go to see it for themselves.

        At first scouts dance for ten or twenty places. Those that danced for a poor one stop, and after a day or two
        nearly all of them dance for the same place. When enough scouts meet there at the same time, they come back
        and wake the swarm with a high piping sound. The cluster warms up, takes off and follows the scouts to its new
        home, where the workers begin to draw comb at once.
    """,
    "What the beekeeper does": """
        Whoever wants to keep the bees inspects each colony every seven days from April to July and looks for queen
        cells. To break queen cells out is not enough, because the workers build new ones. It helps to give room early:
        a honey super before the nectar flow, and empty comb in the brood box.

        The safest way is to let the colony swarm on purpose. The beekeeper moves the queen with two frames of brood
        and the bees on them into a small hive. The old hive keeps one queen cell; all others are removed. Four weeks
        later there are two colonies, each with a laying queen, and no swarm hangs in the neighbour's tree.

        A swarm that has already settled is sprayed with a little water, shaken into a box and left in the shade with
        the entrance open until evening. It should be treated against varroa mites with oxalic acid in its new hive
        before the first brood is capped, and fed with sugar syrup when the weather turns cold.
    """,
}
WIDTH = 88


def main() -> None:
    """Write the file."""
    objects: list[bytes] = [b""] * 4
    pages = [_page(objects, heading, text) for heading, text in PAGES.items()]
    outline = _outline(objects, pages)
    objects[0] = b"<</Type/Catalog/Pages 2 0 R/Outlines %d 0 R>>" % outline
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % page for page in pages), len(pages))
    objects[2] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    objects[3] = b"<</Title(%s)>>" % TITLE.encode()
    Path(__file__).with_name("swarming.pdf").write_bytes(_file(objects))


def _page(objects: list[bytes], heading: str, text: str) -> int:
    lines = [heading, ""]
    for paragraph in text.strip().split("\n\n"):
        lines += [*_wrapped(paragraph.split()), ""]
    shown = b" ".join(b"(%s) '" % line.replace("(", r"\(").replace(")", r"\)").encode("cp1252") for line in lines)
    content = b"BT /F1 11 Tf 15 TL 60 770 Td %s ET" % shown
    objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    box = b"/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
    objects.append(b"<</Type/Page/Parent 2 0 R%s/Contents %d 0 R>>" % (box, len(objects)))
    return len(objects)


def _wrapped(words: list[str]) -> list[str]:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) >= WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _outline(objects: list[bytes], pages: list[int]) -> int:
    outline = len(objects) + 1
    first, last = outline + 1, outline + len(pages)
    objects.append(b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % (first, last, len(pages)))
    for number, (heading, page) in enumerate(zip(PAGES, pages, strict=True), first):
        links = b"" if number == last else b"/Next %d 0 R" % (number + 1)
        links += b"" if number == first else b"/Prev %d 0 R" % (number - 1)
        title = heading.encode("cp1252")
        objects.append(b"<</Title(%s)/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>" % (title, outline, page, links))
    return outline


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R/Info 4 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


if __name__ == "__main__":
    main()
