"""A question before something is lost."""

import typer


def require_yes(question: str) -> None:
    """Somebody said yes; without a terminal nobody can, and `--yes` says it beforehand.

    Raises:
        typer.Exit: nobody did.

    """
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        typer.echo("\nnobody answered, so nothing was changed; --yes answers beforehand", err=True)
        raise typer.Exit(1) from None
    if not agreed:
        typer.echo("nothing was changed", err=True)
        raise typer.Exit(1)
