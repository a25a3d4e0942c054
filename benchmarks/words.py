"""The vocabulary of the benchmark's documents."""

_FIRST = """
    amber ash autumn barley beacon birch blossom boulder bramble brook canyon cedar chalk cinder clay clover cobalt copper
    coral cotton crystal dawn delta dune ember falcon fern flint fox frost garnet ginger glacier granite harbor hazel heather
    heron honey ivory ivy jade juniper lake lantern lark laurel lemon linen lotus maple marble meadow mint moon moss oak
""".split()
_SECOND = """
    anchor arch barn basin bay bell bench bloom bluff bridge brook canal castle cave chapel cliff cove creek dale den dock
    dome door farm fjord ford forge garden gate glade gorge grove gulf hall haven hill hollow inlet island lagoon lane
    ledge lodge loft manor mill mine orchard port
""".split()
CONTENT = tuple(f"{first}{second}" for second in _SECOND for first in _FIRST if first != second)
"""About 3,000 made-up nouns, the popular ones first. None is a stop word or a plural."""
STOPWORDS = tuple("the of and to in for with on at by from about into over after before under through".split())
"""What stands between them; the plain job of the peers leaves these out, as does the service."""
