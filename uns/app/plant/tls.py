"""Can TLS be served with the files that the settings name?"""

from collections.abc import Iterator

from uns.app.plant.plant import Plant
from uns.errors import Finding, UnsError
from uns.server.certificate import shortcomings


def tls_findings(plant: Plant) -> Iterator[tuple[Finding, bool]]:
    """What is wrong, and whether it is a warning. A certificate that has ended is one: nothing but TLS suffers."""
    for section in ("mqtt", "http"):
        yield from _findings(plant, section)
    http = plant.settings.http
    if not http.plain and not http.tls_certificate:
        what = "http.plain is false and there is no certificate for HTTPS: neither page nor API would listen."
        yield _misplaced("http", "plain", what, "Name the server's certificate in http.tls_certificate."), False


def _findings(plant: Plant, section: str) -> Iterator[tuple[Finding, bool]]:
    files, settings = plant.tls_files(section), getattr(plant.settings, section)
    if settings.tls_names_user and not settings.tls_client_ca:
        what = f"{section}.tls_names_user is given without authorities: no client shows a certificate."
        hint = f"Name the authorities that sign those of clients in {section}.tls_client_ca."
        yield _misplaced(section, "tls_names_user", what, hint), False
    if files is None:
        for setting in ("tls_key", "tls_client_ca"):
            if getattr(settings, setting):
                what = f"{section}.{setting} is given without a certificate: nothing listens with TLS."
                hint = f"Name the server's certificate in {section}.tls_certificate."
                yield _misplaced(section, setting, what, hint), False
        return
    try:
        for finding in shortcomings(files):
            yield finding, True
    except UnsError as error:
        yield error.finding, False


def _misplaced(section: str, setting: str, what: str, hint: str) -> Finding:
    return Finding(id="plant.certificate", what=what, where=f"/{section}/{setting}", hint=hint)
