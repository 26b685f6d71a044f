"""`python -m infra.licences`: the licence of every installed dependency, as its package declares it."""

from __future__ import annotations

from importlib import metadata


def licences() -> list[tuple[str, str, str]]:
    """(name, version, licence) of every installed distribution, by name."""
    found = {_name(one): (_name(one), one.version, _licence(one)) for one in metadata.distributions()}
    return [found[name] for name in sorted(found, key=str.lower)]


def _name(distribution: metadata.Distribution) -> str:
    return str(distribution.metadata["Name"])


def _licence(distribution: metadata.Distribution) -> str:
    """The SPDX expression, else the classifiers, else the first line of the free text."""
    about = distribution.metadata
    if "License-Expression" in about:
        return str(about["License-Expression"])
    kinds = [kind.rsplit(" :: ", 1)[1] for kind in about.get_all("Classifier", []) if kind.startswith("License ::")]
    text = (str(about["License"]) if "License" in about else "not declared").strip().splitlines()
    return ", ".join(kinds) or text[0][:80]


def main() -> None:
    """Print a table."""
    for name, version, licence in licences():
        print(f"{name:<32} {version:<16} {licence}")  # noqa: T201


if __name__ == "__main__":
    main()
