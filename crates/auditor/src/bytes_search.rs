//! Objects of no known kind and files beside the lake: logs, reports, state, exports.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use crate::parquet_file::{self, Role};
use crate::patterns::Manner;
use crate::scan::Scan;
use crate::{Part, Rule};

/// Most bytes that a compressed file may hold; more is no log of ours.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// Searches the bytes as they are and, where they are compressed, JSON or Parquet, what is in them.
pub(crate) fn search(scan: &mut Scan<'_>, bytes: &bytes::Bytes, manner: Manner) {
    if bytes.starts_with(b"PAR1") {
        return parquet_file::examine(scan, bytes, Role::Foreign(manner));
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return search_text(scan, bytes, manner);
    }
    scan.find_canaries(Part::Bytes, None, bytes);
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_ref()).take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut unpacked);
    if read.is_err() {
        scan.report(Part::Bytes, None, Rule::Unreadable, &[]);
    }
    if unpacked.len() as u64 > UNPACKED_BYTES_MAX {
        scan.report(Part::Bytes, None, Rule::TooLarge, &[]);
    }
    search_text(scan, &unpacked, manner);
}

fn search_text(scan: &mut Scan<'_>, bytes: &[u8], manner: Manner) {
    scan.values += 1;
    scan.search(Part::Bytes, None, bytes, manner);
    // JSON may write any character as an escape, which hides a text from a search of the bytes.
    if !bytes.contains(&b'\\') {
        return;
    }
    if let Ok(json) = serde_json::from_slice(bytes) {
        return search_json(scan, &json, manner);
    }
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| line.contains(&b'\\')) {
        if let Ok(json) = serde_json::from_slice(line) {
            search_json(scan, &json, manner);
        }
    }
}

fn search_json(scan: &mut Scan<'_>, json: &serde_json::Value, manner: Manner) {
    match json {
        serde_json::Value::String(text) => scan.search(Part::Bytes, None, text.as_bytes(), manner),
        serde_json::Value::Array(items) => items.iter().for_each(|item| search_json(scan, item, manner)),
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                scan.search(Part::Bytes, None, key.as_bytes(), manner);
                search_json(scan, value, manner);
            }
        }
        _ => {}
    }
}
