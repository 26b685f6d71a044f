"""Settings of media: where they lie, how long they stay, and what room there must be."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr


class MediaSettings(BaseModel):
    """The part of `Settings` that says where media are, and how long they and results are kept."""

    #: How long caches answer, in seconds: scripts, voices, and pictures with the videos made of them.
    cache_script_s: int = Field(86_400, ge=0)
    cache_voice_s: int = Field(7 * 86_400, ge=0)
    cache_video_s: int = Field(30 * 86_400, ge=0)
    #: Where media lie: `s3://BUCKET/PREFIX`, or nothing for the data folder, which all workers and the API then share.
    media: str = Field("", pattern=r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?)?$")
    #: The address of an S3 that is not Amazon's, and the region; the environment's (`AWS_…`) unless given.
    media_endpoint: str = Field("", pattern="^(https?://[^ ]+)?$")
    media_region: str = Field("", pattern="^[a-z0-9-]*$")
    #: Credentials of the bucket; the environment's (`AWS_…`) or the cloud's own unless given.
    media_access_key: SecretStr = SecretStr("")
    media_secret_key: SecretStr = SecretStr("")
    #: Local copies of media that lie in S3, in GiB; the least recently used go first.
    media_cache_gib: float = Field(10.0, gt=0)
    #: How long media files stay that nothing needs, and the parts of published videos, in seconds.
    media_grace_s: int = Field(86_400, ge=0)
    media_keep_s: int = Field(30 * 86_400, ge=0)
    #: Workers take no work while less than `low` MB are free, and go on from `enough` MB.
    disk_low_mb: int = Field(512, ge=0)
    disk_enough_mb: int = Field(1024, ge=0)
