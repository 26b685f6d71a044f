"""What an error of a bucket means for whoever runs this, in one sentence and without its secrets."""

from __future__ import annotations

import re

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from infra.errors import UnavailableError

_CODE = re.compile(r"<Code>(\w+)</Code>")
#: Where credentials are asked for when none were given: an address of the machine's own cloud.
_NO_CREDENTIALS = "169.254."
_REFUSED = re.compile(r"status code: 40[13]")
_CREDENTIALS = (
    "Set SWIPESTREAM_MEDIA_ACCESS_KEY and SWIPESTREAM_MEDIA_SECRET_KEY, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY; they must be allowed to list, read, write and delete."
)


class BucketRefusesError(UnavailableError):
    """The bucket is not there, or not for these credentials."""

    exit_code = 78


def translated(url: str, error: BaseError) -> UnavailableError:
    """What it means for whoever runs this. Of a server's answer only its code: bodies name keys and signatures."""
    text = str(error)
    code, last = _CODE.search(text), text.splitlines()[0].rpartition(" - ")[2].strip().rstrip(":. ")
    why = code[1] if code else last
    if why == "NoSuchBucket":
        return no_bucket(url)
    if _NO_CREDENTIALS in text:
        return BucketRefusesError(f"There are no credentials for the media store {url}.", hint=_CREDENTIALS)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(text):
        return BucketRefusesError(f"The media store {url} refuses these credentials: {why}.", hint=_CREDENTIALS)
    return UnavailableError(
        f"The media store {url} does not answer: {why}.",
        hint="Is SWIPESTREAM_MEDIA_ENDPOINT right, and can it be reached from here?",
    )


def unusable(url: str, error: BaseError) -> BucketRefusesError:
    """For settings, or variables `AWS_…`, of which no client can be made."""
    why = str(error).splitlines()[0].rstrip(".")
    return BucketRefusesError(f"The media store {url} cannot be used: {why}.", hint=_CREDENTIALS)


def no_bucket(url: str) -> BucketRefusesError:
    """For what can lack nothing but its bucket."""
    name = url.removeprefix("s3://").partition("/")[0]
    return BucketRefusesError(f"There is no bucket {name!r} where the media should lie.", hint="Make it first.")
