"""Every limit and size of the ingest, as plain values."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How documents are cut, and what is refused. The defaults suit a service with a 4 GiB memory limit."""

    chunk_size: int = 1200
    """Most characters of a chunk: about 300 tokens of English, a passage that embeds well and still reads whole."""
    chunk_overlap: int = 0
    """Most characters of the text before it that a chunk repeats, as whole sentences; they count into its size."""
    keywords_per_chunk: int = 10
    """Most keywords of a chunk: beyond ten they are words that a chunk of the default size mentions once."""
    inline_limit: int = 20 * KIB
    """Bytes up to which plain text is read on the event loop: 5 ms of work there. Longer text goes to a child."""
    inline_markup_limit: int = 8 * KIB
    """Bytes up to which Markdown, CSV and JSON are: their parsers cannot be interrupted."""
    inline_lines: int = 700
    """Lines up to which they are. A page of 8 KiB has some 300; 4,096 lines of one digit, as JSON Lines or as headings,
    would take 17 ms, and so many take 5."""
    inline_seconds: float = 0.008
    """Processor time on the event loop after which a document goes to a child after all. No step between two looks at
    the clock takes longer than 6 ms, so that the loop waits for 15 ms at most; ordinary texts need 1 to 8."""
    workers: int = 2
    """Most child processes. They are started when the first document needs one."""
    parse_timeout: float = 30.0
    """Seconds a child has for one document before it is killed; a PDF of 500 pages takes about 1."""
    cpu_seconds: float = 8.0
    """Processor seconds a child has for a document of up to 1 MiB, and as many again for each further MiB."""
    memory_limit: int = 1536 * MIB
    """Bytes of address space of a child: ordinary documents need a tenth, decompression bombs run into it."""
    max_document: int = 64 * MIB
    """Most bytes of a document."""
    max_characters: int = 20_000_000
    """Most characters of extracted text, about thirty long novels; a bomb has more."""
    max_unpacked: int = 256 * MIB
    """Most bytes that the members of an archive, which most office formats are, unpack to altogether."""
    max_compression_ratio: int = 200
    """How many times its packed size a member of an archive may unpack to; XML packs to a tenth, a bomb to a
    thousandth."""
    max_nesting: int = 512
    """Most elements inside each other, as many as browsers keep. Real documents have a few dozen."""
    max_pages: int = 5000
    """Most pages, slides or sheets of a document."""
    max_chunks: int = 20_000
    """Most chunks of a document: all of them are written in one transaction."""
    attachment_depth: int = 1
    """How many levels of attachments are read: those of a mail, but not those of a mail in a mail."""
    tasks_per_child: int = 500
    """Documents after which a child is replaced, so that a leak in a parser stays small."""
