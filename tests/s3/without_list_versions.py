"""moto's S3 server for someone without s3:ListBucketVersions: lists of versions are refused, all else is as ever."""
from urllib.parse import parse_qs

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

DENIED = b"<Error><Code>AccessDenied</Code><Message>no s3:ListBucketVersions</Message></Error>"


def refusing(server):
    def answer(environ, start_response):
        if environ["REQUEST_METHOD"] == "GET" and "versions" in parse_qs(environ["QUERY_STRING"], keep_blank_values=True):
            start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(DENIED)))])
            return [DENIED]
        return server(environ, start_response)

    return answer


run_simple("127.0.0.1", 0, refusing(DomainDispatcherApplication(create_backend_app)), threaded=True)
