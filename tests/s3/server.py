"""moto's S3 server, whose conditional writes are as atomic as S3's: by itself it looks and then writes, and of two that race
both may win. With --without-list-versions for someone without s3:ListBucketVersions: lists of versions are refused, all else
is as ever."""
import io
import sys
import threading
from urllib.parse import parse_qs

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

DENIED = b"<Error><Code>AccessDenied</Code><Message>no s3:ListBucketVersions</Message></Error>"


def atomic(server):
    one_at_a_time = threading.Lock()

    def answer(environ, start_response):
        is_conditional = "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ
        if environ["REQUEST_METHOD"] == "GET" or not is_conditional:
            return server(environ, start_response)
        # Read before: nobody waits for another's network.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        with one_at_a_time:
            return server(environ, start_response)

    return answer


def refusing(server):
    def answer(environ, start_response):
        if environ["REQUEST_METHOD"] == "GET" and "versions" in parse_qs(environ["QUERY_STRING"], keep_blank_values=True):
            start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(DENIED)))])
            return [DENIED]
        return server(environ, start_response)

    return answer


application = atomic(DomainDispatcherApplication(create_backend_app))
if "--without-list-versions" in sys.argv:
    application = refusing(application)
run_simple("127.0.0.1", 0, application, threaded=True)
