"""Answer the requests of the server."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import Engine, Row
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.types import ASGIApp

import corruptbench
from corruptbench.manifest import Manifest, known_manifests, load_manifest
from corruptbench.server import submissions, tokens, uploads
from corruptbench.server.benchmarks import benchmarks
from corruptbench.server.board_page import BoardPage, Content
from corruptbench.server.database import reading
from corruptbench.server.errors import RESPONSES, add_errors
from corruptbench.server.headers import SafeHeaders
from corruptbench.server.rates import AtOnce, Rates
from corruptbench.server.settings import Settings
from corruptbench.server.submissions import SOON
from corruptbench.server.tokens import Owner

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


def create_app(settings: Settings, engine: Engine, lifespan: Lifespan = _nothing) -> ASGIApp:
    """Return the application.

    Args:
        settings: of the server.
        engine: of its database.
        lifespan: what begins and ends with the server.

    Raises:
        InputError: a benchmark of the settings is not as it should be.
    """
    app = FastAPI(
        title="corruptbench board", version=corruptbench.__version__, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", responses=RESPONSES,
        redirect_slashes=False,  # behind a proxy it would send tokens on without encryption
    )  # fmt: skip
    add_errors(app)
    _add_board(app, BoardPage(settings.board_folder, _manifests(settings)))
    _add_submissions(app, settings, engine)
    return SafeHeaders(app)


def _manifests(settings: Settings) -> list[Manifest]:
    """Return the manifests that the page takes titles from: the shipped ones, and those hosted."""
    shipped = {name: load_manifest(name) for name in known_manifests()}
    own = {name: found.manifest for name, found in benchmarks(settings).items()}
    return [*(shipped | own).values()]


def _add_board(app: FastAPI, board: BoardPage) -> None:
    def cached(request: Request, tag: str, content: Content, response: Response) -> Response:
        """Return an answer with its content. The weak tag is the same with and without gzip."""
        fixed = {"etag": f'W/"{tag}"', "cache-control": "no-cache", "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == fixed["etag"]:
            return Response(status_code=304, headers=fixed)
        is_zipped = "gzip" in request.headers.get("accept-encoding", "")
        response.body = content.zipped if is_zipped else content.plain
        fixed["content-length"] = str(len(response.body))
        response.headers.update(fixed | ({"content-encoding": "gzip"} if is_zipped else {}))
        return response

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    def page(request: Request) -> Response:
        shown = board.get()
        headers = {"content-security-policy": shown.policy}
        return cached(request, shown.tag, shown.page, HTMLResponse(headers=headers))

    @app.get("/api/board", summary="The rows of each benchmark")
    def table(request: Request) -> Response:
        shown = board.get()
        return cached(request, shown.tag, shown.table, Response(media_type="application/json"))


def _add_submissions(app: FastAPI, settings: Settings, engine: Engine) -> None:
    limits, rates = settings.limits, Rates(settings.limits.per_minute)
    at_once = AtOnce(limits.waiting)

    @app.get("/api/health", summary="Whether the server works")
    def health() -> dict[str, Any]:
        with reading(engine) as database:
            return {"status": "ok", "waiting": submissions.waiting(database)}

    @app.post("/api/submissions", status_code=202, summary="Submit a result or predictions")
    async def submit(request: Request) -> Response:
        """Take the files result and clips, or predictions. A name is that of the row."""
        owner = await run_in_threadpool(_owner, engine, request)
        if seconds := rates.take(owner.number):
            raise _too_many(f"more than {limits.per_minute} uploads in a minute", seconds)
        with at_once.one(owner.number) as is_allowed:
            if not is_allowed:
                text = f"{limits.waiting} uploads of this token are under way, and no more may be"
                raise _too_many(f"{text}: send this one again when one has ended", SOON)
            form = await uploads.read_form(request, limits)
            try:
                row, is_new = await run_in_threadpool(_enqueued, engine, owner, form, settings)
            finally:
                await form.close()
        place = {"location": f"/api/submissions/{row.id}"}
        return JSONResponse(_shown(row), 202 if is_new else 200, place)

    @app.get("/api/submissions/{id}", summary="The state of a submission, with problems in words")
    def state(id: str, request: Request) -> dict[str, Any]:  # noqa: A002
        owner = _owner(engine, request)
        with reading(engine) as database:
            row = submissions.find(database, owner, id)
        if row is None:
            text = "this token has no submission of that id; send the same files again: the answer"
            raise HTTPException(404, f"{text} has their id")
        return _shown(row)


def _enqueued(
    engine: Engine, owner: Owner, form: FormData, settings: Settings
) -> tuple[Row[Any], bool]:
    """Put an upload into the queue. Its files are on disk before it is there."""
    with uploads.written(form, settings.uploads) as (upload, files):
        try:
            with engine.begin() as database:
                row, is_new = submissions.enqueue(database, owner, upload, settings.limits)
                if is_new:
                    uploads.settle(files, settings.uploads, owner.number, upload.digest)
        except tokens.RevokedError:
            raise _unauthorized() from None
        except submissions.TooManyError as error:
            raise _too_many(str(error), error.seconds) from None
        except (DBAPIError, OSError):  # such as a full disk, also when the transaction ends
            uploads.take_back(engine, settings.uploads, owner.number, upload.digest)
            raise
    return row, is_new


def _too_many(text: str, seconds: float) -> HTTPException:
    return HTTPException(429, text, {"retry-after": str(max(1, math.ceil(seconds)))})


def _owner(engine: Engine, request: Request) -> Owner:
    """Return whose token a request has; raise HTTPException 401 for a wrong one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        with reading(engine) as database:
            owner = tokens.owner_of(database, token.strip())
        if owner:
            return owner
    raise _unauthorized()


def _unauthorized() -> HTTPException:
    text = "no valid token; send the header Authorization: Bearer TOKEN"
    return HTTPException(401, text, {"www-authenticate": "Bearer"})


def _shown(row: Row[Any]) -> dict[str, Any]:
    """Return what a sender sees of a submission."""
    return {
        "id": row.id, "kind": row.kind, "state": row.state, "created": row.created,
        "finished": row.finished, **(row.answer or {}),
    }  # fmt: skip
