"""Neo4j's configuration and command line, which differ between 5.26 LTS and the versions named by their year."""

from pathlib import Path

from service.local.ports import LOOPBACK

FIRST_JAVA_THAT_WARNS_OF_UNSAFE = 24


def is_calendar(version: str) -> bool:
    """Whether the version is named by its year (2025.01 and later)."""
    return not version.startswith("5.")


def render_conf(version: str, port: int) -> str:
    """`neo4j.conf`. The server refuses to start on a key it does not know, so newer keys go to newer versions only."""
    lines = [
        f"server.default_listen_address={LOOPBACK}",
        f"server.bolt.listen_address={LOOPBACK}:{port}",
        f"server.bolt.advertised_address={LOOPBACK}:{port}",
        "server.http.enabled=false",
        "server.https.enabled=false",
        "server.memory.pagecache.size=256m",
        "dbms.usage_report.enabled=false",
        # Bolt waits twice for late requests when it stops; five seconds each by default, and nobody calls any more.
        "internal.dbms.bolt.netty_server_shutdown_quiet_period=0",
    ]
    if is_calendar(version):
        year, month = (int(part) for part in version.split(".")[:2])
        lines.append("db.query.default_language=CYPHER_25")
        if (year, month) >= (2025, 11):
            lines.append("dbms.fleet_manager.enabled=false")
        if (year, month) >= (2026, 5):
            # On by default, it would broadcast on the network.
            lines.append("server.fleet_discovery.enabled=false")
    return "\n".join([*lines, ""])


def jvm_flags(java_major: int, heap: str) -> list[str]:
    """What Neo4j's own launcher passes, with a small fixed heap."""
    opened = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
    flags = [
        f"-Xms{heap}",
        f"-Xmx{heap}",
        "-XX:+UseG1GC",
        "-Dfile.encoding=UTF-8",
        "-Djava.awt.headless=true",
        "-Dlog4j2.disable.jmx=true",
        "-Dio.netty.tryReflectionSetAccessible=true",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in opened),
        "--enable-native-access=ALL-UNNAMED",
    ]
    if java_major >= FIRST_JAVA_THAT_WARNS_OF_UNSAFE:
        flags.append("--sun-misc-unsafe-memory-access=allow")
    return flags


def server_command(java: Path, flags: list[str], version: str, home: Path, library: Path) -> list[str]:
    """The server itself, without the launcher that would stay as a second JVM."""
    main = "org.neo4j.server.Neo4jCommunity" if is_calendar(version) else "org.neo4j.server.CommunityEntryPoint"
    classpath = f"{home}/conf/*:{library}/*"
    return [
        str(java),
        *flags,
        "-cp",
        classpath,
        main,
        f"--home-dir={home}",
        f"--config-dir={home}/conf",
        "--console-mode",
    ]


def first_password_command(java: Path, library: Path, password: str) -> list[str]:
    """Sets the password of the user `neo4j`; only before the very first start."""
    return [str(java), "-cp", f"{library}/*", "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", password]
