"""The command ``graphcrm``.

Everything heavy is imported inside the command that needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys

import click

from graphcrm import __version__
from graphcrm.cli import (
    archive,
    asking,
    duplicates,
    intake,
    jobs,
    mapping,
    moving,
    serving,
    sources,
    tokens,
    upkeep,
    webhooks,
)
from graphcrm.errors import GraphCRMError

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command; every failure is one line on standard error."""
    try:
        code = cli.main(standalone_mode=False)
    except GraphCRMError as error:
        code = _fail(error.message)
    except click.UsageError as error:
        code = _fail(f"{error.format_message()} (see `{_path(error)} --help`)")
    except click.ClickException as error:
        code = _fail(error.format_message())
    except click.Abort as error:  # Ctrl-C comes as one, too
        if isinstance(error.__cause__, KeyboardInterrupt):
            click.echo("graphcrm: interrupted; an import can be run again, and takes up where it was", err=True)
            code = 130
        else:
            code = _fail("nobody confirmed it, so nothing was done; --yes does not ask")
    except BrokenPipeError:
        # Whoever read our output has had enough; without this Python complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("GRAPHCRM_TRACEBACK"):
            raise
        code = _fail(f"unexpected {type(error).__name__}: {error} (GRAPHCRM_TRACEBACK=1 shows where; please report it)")
    sys.exit(code or 0)


def _fail(message: str) -> int:
    click.echo(f"graphcrm: {' '.join(message.split()).removesuffix('.')}", err=True)
    return 1


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "graphcrm"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="graphcrm")
def cli() -> None:
    """A customer relationship service whose data is a graph.

    Settings come from the environment: GRAPHCRM_HOME is the data folder of the embedded engine; GRAPHCRM_NEO4J_URI
    (and _USER, _PASSWORD, _DATABASE) names a Neo4j server to use instead.
    """


for command in (
    asking.influencers,
    asking.compare,
    asking.communities,
    asking.seed_set,
    asking.paths,
    asking.reachable,
    asking.explain,
    asking.brokers,
    asking.introductions,
    asking.referrals,
    asking.search,
    asking.map_,
    duplicates.duplicates,
    intake.import_,
    intake.sample,
    mapping.mapping,
    jobs.jobs,
    moving.backup,
    moving.export,
    moving.migrate,
    moving.restore,
    archive.contactable,
    archive.history,
    archive.timeline,
    sources.provenance,
    sources.source,
    serving.serve,
    serving.demo,
    tokens.token,
    upkeep.status,
    upkeep.touch,
    upkeep.stop,
    webhooks.webhooks,
):
    cli.add_command(command)
