import pytest

from service.errors import TooLargeError, UnsafeError
from service.ingest.formats.html import parse
from service.ingest.formats.html_empty import closed
from service.ingest.formats.html_tags import tags_of
from service.ingest.options import IngestOptions


def parsed(html: str):
    return parse(html.encode(), None, IngestOptions())


def test_a_page_becomes_readable_text_with_sections():
    # Given a page with a menu, a script, a list, a table and code
    page = """<html><head><title> Bees
      and hives </title><style>p{}</style></head><body><nav>Menu</nav><h1>Bees</h1>
      <p>A <em>honey</em>   bee
      flies.</p><ul><li>queen</li><li><p>worker</p></li><li></li></ul>
      <h2>Hives <a href="#">of wood</a></h2><table><tr><th>Hive</th><th>Frames</th></tr>
      <tr><td><p>Dadant</p></td><td>12</td></tr></table><pre>a
   b</pre><script>no()</script><footer>no</footer></body></html>"""
    # When it is parsed
    document = parsed(page)
    # Then nothing that a reader sees is lost, and nothing else is there
    assert document.title == "Bees and hives"
    assert document.text == (
        "# Bees\n\nA honey bee flies.\n\n- queen\n- worker\n\n## Hives of wood\n\n"
        "| Hive | Frames |\n| Dadant | 12 |\n\n```\na\n   b\n```"
    )
    assert [section.path for section in document.sections] == [("Bees",), ("Bees", "Hives of wood")]
    assert document.text[document.sections[1].start :].startswith("## Hives")


def test_without_a_title_the_first_heading_is_the_title():
    assert parsed("<h1>Bees</h1><p>They fly.</p>").title == "Bees"


def test_words_of_neighbouring_inline_elements_are_not_joined_or_split():
    assert parsed("<p>bee<b>hive</b> <i>and</i>\n<i>wax</i></p>").text == "beehive and wax"


def test_blocks_inside_a_heading_do_not_hide_it():
    document = parsed("<p>x</p><h2><div>Honey</div></h2><p>y</p>")
    assert document.sections[1].path == ("Honey",)
    assert document.text == "x\n\n## Honey\n\ny"


@pytest.mark.parametrize("tag", ["div", "b", "x-y", "font", "SPAN"])
@pytest.mark.timeout(5)
def test_a_page_that_nests_without_end_is_refused_before_it_is_parsed(tag):
    with pytest.raises(UnsafeError, match="at most 512 elements inside each other"):
        parsed(f"<{tag}>" * 200_000 + "deep")


DEEP = "<div>" * 600


@pytest.mark.parametrize(
    "part",
    [
        "<script>" + "for (i=0; i<n; i++) if (a<b) c();" * 600 + "</script>",
        f"<script type='text/html' data-a='>'>{DEEP}</SCRIPT >",
        f"<style>{DEEP}</style>",
        f"<!-- {DEEP} -->",
        f"<!-- {DEEP} --!>",
        f'<p title="{DEEP}">bees</p>',
        f"<textarea>{DEEP}</textarea>",
    ],
)
def test_what_is_no_markup_is_not_nested(part):
    assert "honey" in parsed(f"<html><head><title>x</title></head><body>{part}<p>honey</p></body></html>").text


@pytest.mark.parametrize(
    "hiding",
    [
        "<!-->{}-->",
        "<!--->{}-->",
        "<!-- --!>{}-->",
        "<scripture>{}</script>",
        "<svg><script>{}</script></svg>",
        "<p title='<script>'>{}</script>",
        "<p title=a'b>{}<p title='>",
        '<p title = "\'">{}<p title=\'">',
        "<p/='>{}'>",
        "<!x <script>{}</script>",
        "<? <script>{}</script>",
        "</3 <script>{}</script>",
        "<script></script >{}</script>",
    ],
)
def test_what_only_looks_like_no_markup_is_nested(hiding):
    with pytest.raises(UnsafeError, match="elements inside each other"):
        parsed(f"<html><body>{hiding.format(DEEP)}<p>honey</p></body></html>")


@pytest.mark.parametrize(
    "part",
    ["<", "<!--", "<!-- ", "<script>", "<a ", '<a b="', "<a b='>", "<a/", "<svg>", "</", "<!", "<a\n=", "<a b=c "],
)
@pytest.mark.timeout(20)
def test_the_tags_of_any_page_are_found_in_linear_time(part):
    assert sum(1 for _ in tags_of(part * (1_000_000 // len(part)))) <= 1_000_000


@pytest.mark.timeout(5)
def test_closing_tags_that_close_nothing_do_not_hide_the_depth():
    with pytest.raises(UnsafeError):
        parsed("<div></b>" * 50_000)


@pytest.mark.parametrize(
    "element", ['<script src="a.js"/>', "<style />", "<title/>", "<iframe src='x'/>", "<textarea\n/>"]
)
def test_an_element_that_is_empty_in_xml_s_way_swallows_nothing_of_the_page(element):
    head = f"<head>{element}<meta charset='utf-8'/></head>"
    assert (
        parsed(f"<html>{head}<body>{element}<h1>Bees<br/></h1><p>They fly.</p></body></html>").text
        == "# Bees\n\nThey fly."
    )


def test_a_tag_in_a_string_of_a_program_does_not_end_the_program():
    program = """<script>write("<script src='a.js'/>"); write("<p/>")</script>"""
    assert parsed(f"<html><body>{program}<p>They fly.</p></body></html>").text == "They fly."


def test_empty_elements_do_not_count_as_nested():
    pages = "".join(f'<p>Page {number}.<span id="page-{number}"/></p>' for number in range(600))
    assert parsed(f"<html><body>{pages}</body></html>").text.count("Page") == 600
    chart = "<svg><g>" + '<path d="M0 0"/><circle r="1" />' * 600 + "</g></svg>"
    assert parsed(f"<html><body><p>Bees</p>{chart}<p>Honey</p></body></html>").text == "Bees\n\nHoney"


@pytest.mark.parametrize("part", ["/>", "<", "<a ", '<a "', "<a/", f"<{'a' * 60}/>", '<a b=">"/>', "</p/>"])
@pytest.mark.timeout(10)
def test_whatever_looks_like_empty_elements_takes_linear_time(part):
    source = part * (1_000_000 // len(part))
    assert len(closed(source)) <= 2 * len(source)


def test_what_is_dropped_may_nest():
    nested = "<footer><nav><form><button hidden>no</button></form></nav></footer>"
    assert parsed(f"<p>bee</p>{nested * 500}<p>hive</p>").text == "bee\n\nhive"


def test_a_form_is_left_out_unless_the_page_lies_in_it():
    search = "<form><label>Search</label><input name='q'></form>"
    page = "<h1>Bees</h1><p>They fly far and wide.</p><select><option>more</option></select>"
    assert parsed(f"<body>{search}{page}</body>").text == "# Bees\n\nThey fly far and wide."
    assert parsed(f"<body><form>{page}</form></body>").text == "# Bees\n\nThey fly far and wide."


def test_a_long_list_of_unclosed_items_is_flat():
    assert parsed("<ul>" + "<li>bee<br>" * 5000).text.count("bee") == 5000


@pytest.mark.parametrize("attribute", ["a{}=b ", "a{}/", 'a{}=">" ', "a{}='x'", "a{} "])
def test_a_tag_with_endless_attributes_is_refused_before_the_parser_sees_it(attribute):
    tag = "<p " + "".join(attribute.format(number) for number in range(5000)) + ">"
    with pytest.raises(UnsafeError, match="1000 attributes"):
        parsed(f"<html><body>{tag}bees</p></body></html>")


def test_a_page_with_too_much_text_is_given_up_while_it_is_written():
    with pytest.raises(TooLargeError, match="at most 100 characters"):
        parse(b"<p>The bees are in the hive.</p>" * 10, None, IngestOptions(max_characters=100))


def test_long_values_and_programs_are_no_attributes():
    picture = f"<img src='data:image/png;base64,{'ab/cd+' * 5000}'>"
    program = f"<script>for (i = 0; i<n; i++) {{ x = '{'bees in the hive ' * 1000}' }}</script>"
    assert parsed(f"<html><body>{picture}{program}<p>Honey</p></body></html>").text == "Honey"
