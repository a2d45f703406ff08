//! From an answer to the bytes on the wire: headers as recorded, gzip when asked for, in chunks.

use super::answer::{Answer, Body};
use crate::dice::mix;
use axum::body::Body as WireBody;
use axum::http::header::{HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use std::io::{self, Write};

/// Bytes a chunk holds.
const CHUNK_BYTES: usize = 64 * 1024;

/// How the body reaches the client.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Delivery {
    #[default]
    Whole,
    /// A gzip body that ends in the middle, with a proper end of the HTTP message.
    TruncatedGzip,
    /// The connection breaks in the middle of the body.
    Cut,
}

/// Builds the response. `number` counts the requests and names this one.
pub(crate) fn response(answer: Answer, gzip: bool, delivery: Delivery, number: u64) -> Response {
    let (content_type, bytes) = match answer.body {
        Body::Json(bytes) => ("application/json; charset=utf-8", bytes),
        Body::Html(text) => ("text/html; charset=utf-8", text.into_bytes()),
        Body::Text(text) => ("text/plain", text.as_bytes().to_vec()),
        Body::Empty => ("text/html; charset=utf-8", Vec::new()),
    };
    let etag = format!("W/\"{:016x}\"", mix(bytes.len() as u64, number));
    let gzip = (gzip || delivery == Delivery::TruncatedGzip) && !bytes.is_empty();
    let bytes = if gzip { compressed(&bytes) } else { bytes };
    let mut response = Response::new(body(bytes, delivery));
    if let Ok(status) = axum::http::StatusCode::from_u16(answer.status) {
        *response.status_mut() = status;
    }
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    };
    let request_id = format!("{:016x}-SIM", mix(number, 0x1D));
    put("content-type", content_type);
    if gzip {
        put("content-encoding", "gzip");
    }
    put("etag", &etag);
    put("cache-control", "max-age=0, private, must-revalidate");
    put("x-request-id", &request_id);
    put("x-request-id", &request_id);
    put("x-runtime", "0.042000");
    put("x-zendesk-api-version", "v2");
    put("x-zendesk-application-version", "v26384");
    put("x-zendesk-origin-server", "simulator");
    put("x-zendesk-zorg", "yes");
    put("x-zendesk-api-gateway", "yes");
    put("strict-transport-security", "max-age=31536000;");
    put("server", "cloudflare");
    put("cf-ray", "8090c0ffee00-SIM");
    put("set-cookie", "__cfruid=CANARY-cookie-0; path=/; HttpOnly");
    for (name, value) in &answer.headers {
        put(name, value);
    }
    response
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 6 + 64), Compression::fast());
    // Writing into memory cannot fail; an empty body would show it in every test.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn body(mut bytes: Vec<u8>, delivery: Delivery) -> WireBody {
    if bytes.is_empty() {
        return WireBody::empty();
    }
    if delivery != Delivery::Whole {
        bytes.truncate(bytes.len() / 2);
    }
    let bytes = Bytes::from(bytes);
    let ends = (0..bytes.len()).step_by(CHUNK_BYTES);
    let mut chunks: Vec<io::Result<Bytes>> =
        ends.map(|from| Ok(bytes.slice(from..bytes.len().min(from + CHUNK_BYTES)))).collect();
    if delivery == Delivery::Cut {
        chunks.push(Err(io::ErrorKind::ConnectionReset.into()));
    }
    WireBody::from_stream(stream::iter(chunks))
}
