"""The application: what each path of the service answers."""

# No `from __future__ import annotations`: FastAPI reads the annotations, under Python 3.9, too.
import asyncio
import dataclasses
import difflib
import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from cman_tf.errors import DataError
from cman_tf.serving import answers
from cman_tf.serving.bounds import Application, Bounds
from cman_tf.serving.jobs import Job
from cman_tf.serving.limits import Refusal
from cman_tf.serving.page import render_api_page, render_try_page
from cman_tf.serving.requests import ExtractRequest, parse_request
from cman_tf.serving.service import Service

_LOG = logging.getLogger(__name__)
_REFUSALS: dict[int, str] = {
    400: "The body is not JSON.",
    403: "The Host header names a host that is not allowed.",
    408: "The body did not arrive in time.",
    413: "The body, the number of texts or a text is too large.",
    415: "The body is not declared as application/json.",
    422: "A value is of the wrong type or out of its range, or a text cannot be read.",
    500: "An error in the service. Other texts are not affected.",
    503: "Too many requests or texts wait, or the service ends. Retry-After says when to try again.",
    504: "The model did not answer in time.",
}


def make_app(service: Service) -> Application:
    """Make the application with its bounds.

    Args:
      service: the model and the bounds.
    """
    app = FastAPI(
        title="cman-tf",
        version=service.about["version"],
        description="Finds entities and relations in texts.",
        docs_url=None,  # FastAPI's own pages load scripts from the network
        redoc_url=None,
    )
    _add_extract(app, service)
    _add_facts(app, service)
    _add_pages(app, service)

    _add_errors(app)
    return Bounds(app, service)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refuse(request: Request, refusal: Refusal) -> Response:
        return JSONResponse({"error": refusal.message}, refusal.status, refusal.headers)

    @app.exception_handler(HTTPException)
    async def name_path(request: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": _describe(error, request)}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def apologize(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": "an error in the service; its log has more"}, 500)


def _add_extract(app: FastAPI, service: Service) -> None:
    body = {"content": {"application/json": {"schema": ExtractRequest.model_json_schema()}}, "required": True}
    refusals: dict[Any, Any] = {
        status: {"model": answers.ErrorAnswer, "description": text} for status, text in _REFUSALS.items()
    }

    @app.post(
        "/extract",
        summary="Find entities and relations in texts.",
        response_model=answers.ExtractAnswer,
        responses=refusals,
        openapi_extra={"requestBody": body},
    )
    async def extract(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(415, f"the content type is {kind[:40]!a}, expected application/json")
        records, options = parse_request(await request.body(), service.limits)
        job = service.batcher.submit(records, {**service.options, **options}, service.limits.answer_seconds)
        lines = await _wait(job, request, service.limits.answer_seconds)
        return Response(f'{{"results": [{", ".join(lines)}]}}', media_type="application/json")


async def _wait(job: Job, request: Request, seconds: float) -> list[str]:
    """Wait for the model's answer, for the sender to go, or for the time to be over."""
    answer = asyncio.wrap_future(job.future)
    gone = asyncio.ensure_future(_wait_until_gone(request))
    try:
        await asyncio.wait({answer, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
    except DataError as error:
        raise Refusal(422, str(error)) from None
    except Exception:
        _LOG.exception("the model failed")
        raise Refusal(500, "the model failed on a text of the request; the service's log has more") from None
    finally:
        gone.cancel()
        answer.cancel()
        job.is_abandoned = True
    if gone.done():
        raise Refusal(499, "the sender is gone")  # nobody reads this
    raise Refusal(504, f"no answer within {seconds:g} s; send fewer or shorter texts")


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _add_facts(app: FastAPI, service: Service) -> None:
    limits = dataclasses.asdict(service.limits)

    @app.get(
        "/health",
        summary="Tell whether the service takes requests.",
        response_model=answers.HealthAnswer,
        responses={503: {"model": answers.HealthAnswer, "description": "The service ends, or its model failed."}},
    )
    async def health() -> Response:
        status = "ok" if service.is_healthy else "stopping" if service.is_stopping else "failed"
        return JSONResponse({"status": status}, 200 if service.is_healthy else 503)

    @app.get("/version", summary="Tell the version, the model and the limits.", response_model=answers.VersionAnswer)
    async def version() -> Response:
        return JSONResponse({**service.about, "options": dict(service.options), "limits": limits})

    @app.get("/metrics", summary="Give the metrics for Prometheus.", response_class=PlainTextResponse)
    async def metrics() -> Response:
        text = service.metrics.render(service.batcher.waiting)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_pages(app: FastAPI, service: Service) -> None:
    page = render_try_page(service.about, service.limits, service.options)

    @app.get("/", include_in_schema=False)
    async def try_page() -> Response:
        return HTMLResponse(page)

    @app.get("/docs", include_in_schema=False)
    async def api_page() -> Response:
        return HTMLResponse(render_api_page(app.openapi()))


def _describe(error: HTTPException, request: Request) -> str:
    """Return one line about a path or a method that is not there."""
    path = ascii(request.url.path[:60])
    if error.status_code == 405:
        return f"{request.method[:20]} {path}: expected {(error.headers or {}).get('Allow', 'another method')}"
    if error.status_code == 404:
        paths = ["/extract", "/health", "/version", "/metrics", "/docs"]
        near = difflib.get_close_matches(request.url.path[:40], paths, n=1)
        return f"{path}: no such path, expected {near[0] if near else 'one of ' + ', '.join(paths)}"
    return str(error.detail)
