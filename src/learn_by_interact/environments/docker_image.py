"""Docker's engine, and the image of an environment: the declared one with its tools put into it once."""

from __future__ import annotations

import os
from shlex import join
from typing import Any

from ..errors import ConfigError, EnvironmentFault, SandboxMissing
from ..types import digest
from .folder import EnvironmentFolder, Install
from .install import alone, cache_folder
from .sandbox import Tools

VENV = "/opt/learn-by-interact"
REPOSITORY = "learn-by-interact"
"""Name under which the images with tools are kept; the tag is the digest of what they were made from."""
CERTIFICATES = "/run/learn-by-interact.pem"
"""Where installing sees the authorities that this machine trusts, when a variable names them."""
PASSED = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
"""Variables of this process that installing needs as well."""


def engine() -> Any:
    """A client of the engine at $DOCKER_HOST or on this machine.

    Raises SandboxMissing when docker-py is not installed, or no engine answers that shares files and
    users with this machine.
    """
    try:
        import docker
    except ImportError:
        raise SandboxMissing(
            "the Docker sandbox needs a package; type: pip install 'learn-by-interact[docker]'"
        ) from None
    try:
        client = docker.from_env()
        options = client.info()["SecurityOptions"] or []
    except Exception as error:
        raise SandboxMissing(
            "no Docker engine answers (start it, set DOCKER_HOST, or type: apt-get install -y docker.io): "
            + said(error, 160)
        ) from None
    if any(name in option for option in options for name in ("name=rootless", "name=userns")):
        raise SandboxMissing(
            "the Docker engine maps users (rootless, or userns-remap), so its containers cannot share files "
            "with this program: use an engine that does not, or the sandbox bubblewrap"
        )
    return client


def image_tools(folder: EnvironmentFolder) -> Tools:
    """The environment's image with the packages of `[install]`, installed now if need be.

    Raises SandboxMissing, ConfigError for an image that cannot be had, EnvironmentFault when
    installing fails.
    """
    client = engine()
    try:
        image = base_image(client, folder.sandbox.image)
        if folder.install.pip or folder.install.apt:
            image = _with_packages(client, image, folder)
    finally:
        client.close()
    path = [f"{VENV}/bin"] if folder.install.pip else []
    path += search_path(image)
    return Tools(path=tuple(path), env=tuple(sorted(folder.env.items())), image=image.id)


def search_path(image: Any) -> list[str]:
    """The folders in which an image looks for commands."""
    variables = dict(line.partition("=")[::2] for line in image.attrs["Config"]["Env"] or [])
    return [place for place in variables.get("PATH", "").split(":") if place]


def _found(client: Any, name: str) -> Any:
    """The image of this name in the engine, or None."""
    from docker.errors import ImageNotFound

    try:
        return client.images.get(name)
    except ImageNotFound:
        return None


def base_image(client: Any, name: str) -> Any:
    """The image of this name, pulled when it is not here."""
    if found := _found(client, name):
        return found
    repository, colon, tag = name.rpartition(":")
    try:
        return client.images.pull(*((repository, tag) if colon and "/" not in tag else (name, "latest")))
    except Exception as error:
        raise ConfigError(f"sandbox.image: docker cannot get the image {name!r}: {said(error)}") from None


def _with_packages(client: Any, base: Any, folder: EnvironmentFolder) -> Any:
    """The image with the packages in it. One process makes it while others wait."""
    tag = digest([base.id, folder.install.model_dump()])
    with alone(cache_folder() / "images", tag):
        return _found(client, f"{REPOSITORY}:{tag}") or _install(client, base, folder, tag)


def _install(client: Any, base: Any, folder: EnvironmentFolder, tag: str) -> Any:
    """Install into a container with network, and keep what it became."""
    from docker.types import Mount

    variables = {name: value for name in PASSED if (value := os.environ.get(name))}
    mounts = []
    if certificates := os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE"):
        mounts.append(Mount(CERTIFICATES, certificates, type="bind", read_only=True))
        variables["PIP_CERT"] = CERTIFICATES
    container: Any = None
    try:
        container = client.containers.create(
            base.id,
            ["bash", "-ec", _script(folder.install)],
            entrypoint=[],
            user="0:0",
            network_mode="host",
            environment={**variables, "DEBIAN_FRONTEND": "noninteractive"},
            mounts=mounts,
        )
        container.start()
        failed = container.wait()["StatusCode"]
        told = " ".join(container.logs().decode("utf-8", "replace").split())[-400:] if failed else ""
        made = None if failed else container.commit(REPOSITORY, tag)
    except Exception as error:
        raise EnvironmentFault(f"docker: {said(error)}") from None
    finally:
        if container is not None:
            container.remove(force=True)
    if made is None:
        raise EnvironmentFault(
            f"{folder.name}: installing into the image {folder.sandbox.image} failed: {told}"
        )
    return made


def _script(wanted: Install) -> str:
    lines = []
    if wanted.apt:
        lines += ["apt-get -q update"]
        lines += [f"apt-get -q install -y --no-install-recommends {join(wanted.apt)}"]
    if wanted.pip:
        # A virtual environment that sees what the image has.
        lines += [f"python3 -m venv --system-site-packages {VENV}"]
        lines += [f"{VENV}/bin/pip install --quiet --disable-pip-version-check {join(wanted.pip)}"]
    return "\n".join(lines)


def said(error: Exception, most: int = 300) -> str:
    """What an error of docker says, on one line."""
    return " ".join(str(getattr(error, "explanation", None) or error).split())[:most]
