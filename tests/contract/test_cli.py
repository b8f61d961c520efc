"""The command line, run as a user runs it: real processes, a real engine, real files."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import graphcrm
from graphcrm.cli import serving
from graphcrm.network.centrality import METRICS

GRAPHCRM = Path(sys.executable).with_name("graphcrm")
HOSTILE = '=cmd|"/C calc"!A1 </script><script>alert(1)</script>\u202e☃\nnext'
SHOWN = '=cmd|"/C calc"!A1 </script><script>alert(1)</script>☃ next'
"""What is left of it when it has been cleaned: a formula and markup are text."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    _write(folder / "customers.csv", ["id", "name"], [["A", "Ann"], ["B", HOSTILE], ["C", "Cy"], ["", "No id"]])
    _write(
        folder / "referrals.csv",
        ["referrer_id", "referred_id", "at"],
        [["A", "B", "2025-01-01T00:00:00Z"], ["B", "C", "2025-01-02T00:00:00Z"], ["C", "C", ""], ["A", "Z", ""]],
    )
    return folder


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {"GRAPHCRM_HOME": str(tmp_path_factory.mktemp("cli")), "GRAPHCRM_EMBEDDED_HEAP": "512m"}


@pytest.fixture(scope="module")
def run(environment: dict[str, str], company: Path) -> Iterator[Run]:
    """Runs the command in a folder that holds the company; its server is kept up for speed."""
    settings = graphcrm.Settings(home=Path(environment["GRAPHCRM_HOME"]), embedded_heap="512m")

    def command(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [GRAPHCRM, *arguments], env=environment | more, capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    with graphcrm.connect(settings):
        first = command("import", str(company), "--rejects", str(company / "out" / "rejects.csv"), "--format", "json")
        assert first.returncode == 2
        assert [
            (Path(row["file"]).name, row["read"], row["created"], row["rejected"]) for row in json.loads(first.stdout)
        ] == [
            ("customers.csv", 4, 3, 1),
            ("referrals.csv", 4, 2, 2),
        ]
        yield command


def test_importing_again_changes_nothing_and_names_what_it_rejects(run: Run, company: Path) -> None:
    rejects = company / "out" / "rejects.csv"
    again = run("import", str(company / "customers.csv"), str(company / "referrals.csv"), "--rejects", str(rejects))
    assert again.returncode == 2
    assert "3 rows were rejected" in again.stderr
    rows = list(csv.DictReader(rejects.open(encoding="utf-8", newline="")))
    assert [(Path(row["file"]).name, row["line"], row["column"]) for row in rows] == [
        ("customers.csv", "6", "id"),
        ("referrals.csv", "4", "referred_id"),
        ("referrals.csv", "5", "referred_id"),
    ]
    assert "nobody refers themselves" in rows[1]["reason"]
    assert "there is no customer or contact 'Z'" in rows[2]["reason"]
    dry = run("import", str(company / "referrals.csv"), "--dry-run", "--rejects", str(rejects), "--format", "json")
    assert (json.loads(dry.stdout)[0]["unchanged"], dry.returncode) == (2, 2)


def test_a_clean_import_exits_with_zero(run: Run, tmp_path: Path) -> None:
    _write(tmp_path / "customers.csv", ["id", "name"], [["A", "Ann"]])
    assert run("import", str(tmp_path)).returncode == 0


def test_json_is_what_the_interface_lists(run: Run) -> None:
    rows = json.loads(
        run("influencers", "--layer", "referral", "--metric", "degree", "--format", "json", "--raw").stdout
    )
    assert [(row["rank"], row["party_id"], row["score"]) for row in rows] == [(1, "B", 2), (2, "A", 1), (3, "C", 1)]
    assert rows[0]["name"] == SHOWN
    assert rows[0].keys() == {"rank", "party_id", "label", "name", "score", "reason"}
    path = json.loads(run("paths", "A", "C", "--format", "json").stdout)[0]
    assert (path["party_ids"], path["hops"]) == (["A", "B", "C"], 2)
    (tie,) = json.loads(run("explain", "A", "B", "--format", "json").stdout)
    assert (tie["id"], tie["sources"]) == ("REFERRED:A:B", ["files"])
    told = run("explain", "A", "B")
    assert "REFERRED:A:B" in told.stdout
    assert told.stderr.startswith(f"A to B: {tie['contribution']:.6g}")
    assert [row["party_id"] for row in json.loads(run("referrals", "chain", "C", "--format", "json").stdout)] == [
        "A",
        "B",
        "C",
    ]
    assert [row["depth"] for row in json.loads(run("referrals", "tree", "A", "--format", "json").stdout)] == [1, 2]


def test_how_good_a_source_is(run: Run) -> None:
    rows = json.loads(run("source", "quality", "files", "--format", "json").stdout)
    (name,) = (row for row in rows if (row["table"], row["field"]) == ("customers", "name"))
    assert name == {
        "source": "files",
        "table": "customers",
        "field": "name",
        "count": 3,
        "blank": 0,
        "invalid": 0,
        "duplicated": 0,
        "stale": 0,
        "reasons": {},
        "examples": [],
    }
    assert rows == json.loads(run("source", "quality", "--format", "json").stdout)
    stale = run("source", "quality", "files", "--stale-days", "0").stdout.splitlines()
    assert stale[1].split()[:8] == ["files", "customers", "name", "3", "0", "0", "0", "3"]
    assert "examples" not in stale[0]
    assert run("source", "quality", "files", "--format", "csv").stdout.splitlines()[0].endswith(",reasons,examples")
    assert "nodes,Customer,3" in run("source", "show", "files", "--format", "csv").stdout.splitlines()
    assert run("source", "quality", "nobody").returncode == 1


def test_what_a_source_brought(run: Run, company: Path) -> None:
    (files,) = (
        each for each in json.loads(run("source", "list", "--format", "json").stdout) if each["name"] == "files"
    )
    jobs = json.loads(run("jobs", "list", "--source", "files", "--format", "json").stdout)
    assert (files["last_import"], files["rejected"], files["state"]) == (
        jobs[0]["made_at"],
        jobs[0]["rejected"],
        "done",
    )
    (source,) = json.loads(run("source", "show", "files", "--format", "json").stdout)
    assert [each["id"] for each in source["imports"]] == [job["id"] for job in jobs][:10]
    first = source["imports"][-1]
    assert (first["read"], first["created"], first["rejected"]) == (8, 5, 3)
    shown = run("source", "show", "files").stdout
    assert str(company / "out" / "rejects.csv") in shown
    assert first["id"] in shown


def test_csv_holds_no_formula_and_tables_no_control_characters(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("search", "cmd", "--format", "csv").stdout)))
    assert rows == [{"id": "B", "label": "Customer", "name": f"'{SHOWN}", "matched": "name"}]
    table = run("search", "cmd").stdout
    assert "\u202e" not in table
    assert len(table.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["influencers", "--metric", "nonsense"], ", ".join(METRICS)),
        (["influencers", "--layer", "nonsense"], "referral, knows, works_with, interaction"),
        (["influencers", "--as-of", "yesterday"], "2025-01-31"),
        (["influencers", "--segment", "nobody"], "no segment 'nobody'"),
        (["paths", "A", "NOBODY"], "'NOBODY'"),
        (["paths", "A", "A"], "another party"),
        (["paths", "A", "B", "--max-hops", "999"], "between 1 and 50"),
        (["map", "NOBODY", "--out", "x.html"], "'NOBODY'"),
        (["map", "A", "--out", "/nowhere/x.html"], "cannot write"),
        (["import", "nowhere.csv"], "nowhere.csv"),
        (["nonsense"], "nonsense"),
        (["import"], "PATH"),
        (["sample", "--out", "x", "--parties", "3"], "parties"),
        (["token", "revoke", "nobody"], "no token 'nobody'"),
        (["serve", "--host", "0.0.0.0"], "token create"),
    ],
)
def test_failures_are_one_line_that_says_what_to_do(run: Run, arguments: list[str], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("graphcrm: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GRAPHCRM_NEO4J_URI", "http://x"),
        ("GRAPHCRM_HALF_LIFE_DAYS", "0"),
        ("GRAPHCRM_DEFAULT_STRENGTHS", '{"friend": 2}'),
        ("GRAPHCRM_DEFAULT_STRENGTHS", "abc"),
        ("GRAPHCRM_HOME", "~nobody-of-that-name"),
        ("GRAPHCRM_NEO4J_URI", "bolt://neo4j:abc@127.0.0.1:9"),
    ],
)
def test_a_bad_setting_is_named(run: Run, variable: str, value: str) -> None:
    done = run("status", **{variable: value})
    assert done.returncode == 1
    assert done.stderr.startswith(f"graphcrm: {variable}: ")
    assert len(done.stderr.splitlines()) == 1
    assert "abc" not in done.stderr


def test_status_touch_and_tokens(run: Run) -> None:
    status = json.loads(run("status", "--format", "json").stdout)
    assert status["engine"] == "embedded"
    assert status["labels"]["Customer"] == 3
    assert run("touch").stdout == f"revision {status['revision'] + 1}\n"
    token = run("token", "create", "till", "--role", "viewer").stdout.strip()
    assert len(token) >= 32
    listed = run("token", "list", "--format", "csv").stdout
    assert "till,viewer" in listed
    assert token not in listed
    assert "there is a token 'till' already" in run("token", "create", "till", "--role", "viewer").stderr
    assert run("token", "revoke", "till").returncode == 0


def test_the_first_token_is_made_before_its_file_is_written(run: Run, environment: dict[str, str]) -> None:
    path = Path(environment["GRAPHCRM_HOME"]) / "admin-token"
    settings = graphcrm.Settings(home=path.parent, embedded_heap="512m", bootstrap_token=True)
    with graphcrm.connect(settings) as graph:
        path.mkdir()
        with pytest.raises(graphcrm.InvalidInput, match="cannot write"):
            serving._guard(graph, "0.0.0.0")
        assert not graph.tokens.exist()
        path.rmdir()
        path.write_text("of an earlier one")
        path.chmod(0o644)
        serving._guard(graph, "0.0.0.0")
        secret = path.read_text()
        try:
            assert graph.tokens.check(secret) == ("admin", "admin")
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            serving._guard(graph, "0.0.0.0")
            assert path.read_text() == secret
        finally:
            graph.tokens.revoke("admin")


def test_sample_writes_the_same_bytes_for_the_same_seed(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("sample", "--parties", "60", "--seed", "5", "--out", str(tmp_path / name)).returncode == 0
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 11
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_map_is_one_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    assert run("map", "A", "--out", str(out), "--hops", "2", "--language", "zh").returncode == 0
    page = out.read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert 'lang="zh' in page


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'neo4j', 'pandas', 'numpy', 'networkx', 'fastapi', 'pydantic', 'scipy'}"
    code = f"""
import sys
from graphcrm.cli import main
sys.argv = ["graphcrm", "--help"]
try:
    main()
except SystemExit:
    print(sorted({heavy} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "influencers" in done.stdout


def test_demo_serves_a_company_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path / "demo"
    environment = os.environ | {"GRAPHCRM_HOME": str(home), "GRAPHCRM_EMBEDDED_HEAP": "1g"}
    command = [GRAPHCRM, "demo", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        assert demo.stdout.readline() == f"graphcrm is ready: http://127.0.0.1:{port}\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/influencers?limit=10", timeout=60) as answer:
            items = json.load(answer)["items"]
        assert [item["rank"] for item in items] == list(range(1, 11))
        server = json.loads((home / "embedded" / "server.json").read_text())["pid"]
        taken = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert taken.returncode == 1
        assert "choose another port" in taken.stderr
        demo.send_signal(signal.SIGINT)
        demo.wait(30)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{server}").exists():
        assert time.monotonic() < deadline, "the engine outlived its last user"
        time.sleep(0.05)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
