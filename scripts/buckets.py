"""A bucket server for tests: moto's, which speaks Amazon's protocol, and Google's as far as the two are alike.

Google's clients prove themselves by a bearer's token, which moto takes for no proof of Amazon's; such a request gets one
that moto reads. Arguments: the port.
"""

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

PROOF = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0"
)
moto = DomainDispatcherApplication(create_backend_app)


def serve(environ, start_response):
    if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
        environ["HTTP_AUTHORIZATION"] = PROOF
    return moto(environ, start_response)


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *arguments):
        pass


run_simple("127.0.0.1", int(sys.argv[1]), serve, threaded=True, request_handler=Quiet)
