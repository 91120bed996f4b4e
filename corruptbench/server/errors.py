"""Answer all errors alike: ``{"error": TEXT}``, with what was found, expected, and what to do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from corruptbench.leaderboard import SubmissionError
from corruptbench.progress import note


class Error(BaseModel):
    """Describe the body of each answer that is an error."""

    error: str


#: Of every request, for the document that FastAPI makes.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {"model": Error, "description": "An error: what was found, expected, and to do"}
}


def add_errors(app: FastAPI) -> None:
    """Let an application answer errors. No answer has a trace or a folder of this machine."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        text = _text(request, error, app)
        return JSONResponse({"error": text}, error.status_code, error.headers)

    @app.exception_handler(OperationalError)
    @app.exception_handler(NoConnection)  # others hold it, and wait for the database
    @app.exception_handler(SubmissionError)  # of the board: its folder is gone
    @app.exception_handler(OSError)
    async def later(_: Request, error: Exception) -> Response:
        note(f"answered with 503: {error}")  # it may name folders of this machine
        text = "the server cannot store or read this now; send the same again later"
        return JSONResponse({"error": text}, 503, {"retry-after": "60"})

    @app.exception_handler(ClientDisconnect)
    async def gone(*_: object) -> Response:
        return Response(status_code=400)  # nobody reads it

    @app.exception_handler(Exception)
    async def broken(*_: object) -> Response:
        text = "the server made an error; tell its owner when, and what you sent"
        return JSONResponse({"error": text}, 500)


def _text(request: Request, error: HTTPException, app: FastAPI) -> str:
    """Return what to tell. Errors of the framework get more words."""
    found = f"found {request.method:.20} {request.url.path:.200}"
    if error.status_code == 405:
        allowed = Headers(error.headers)["allow"]
        return f"{found}; expected {allowed}; send that"
    if error.status_code == 404 and error.detail == "Not Found":
        paths = ", ".join(["/", "/api/openapi.json", *app.openapi()["paths"]])
        return f"{found}; expected one of {paths}; ask for one of these"
    return error.detail
