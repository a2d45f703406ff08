//! Raw JSON to batches, in megabytes a second on one core, and the peak of memory: `cargo bench -p deskmeter-sanitizer`,
//! or `bench/sanitize` beside other readers. The pages are made up, with the sizes and the key order of recorded ones; a
//! figure is the mean of the passes over one page.

#[path = "sanitize/pages.rs"]
mod pages;

use std::fs;
use std::io::{Error, Read, Result, Write, stdin, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use deskmeter_sanitizer::{CleanBatch, PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_zendesk::Stream;
use serde_json::{Map, Value, json};

/// Each stream is read for this long, in seconds of the processor: other programs on the machine take none of them.
const CPU_SECONDS: f64 = 2.0;

fn main() -> Result<()> {
    let options: Vec<String> = std::env::args().collect();
    let option =
        |name: &str| options.iter().position(|option| option == name).and_then(|at| options.get(at + 1));
    if let Some(stream) = option("--stream").and_then(|name| Stream::from_name(name)) {
        return read_page().and_then(|page| writeln!(stdout(), "{}", measure(stream, &page)?));
    }
    let mut figures = Map::new();
    for stream in Stream::ALL {
        let page = pages::page(stream);
        let figure = in_a_process_of_its_own(stream, &page)?;
        writeln!(stdout(), "{:<21} {figure}", stream.name())?;
        figures.insert(stream.name().to_owned(), figure);
        if let Some(folder) = option("--pages").map(PathBuf::from) {
            fs::write(folder.join(format!("{}.json", stream.name())), &page)?;
        }
    }
    option("--json").map_or(Ok(()), |file| fs::write(file, Value::from(figures).to_string()))
}

/// The figures of a process that holds nothing but this page, so that its memory tells of nothing else.
fn in_a_process_of_its_own(stream: Stream, page: &str) -> Result<Value> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--stream", stream.name()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(page.as_bytes())?;
    }
    Ok(serde_json::from_slice(&child.wait_with_output()?.stdout)?)
}

/// The page that the parent process sends.
fn read_page() -> Result<Vec<u8>> {
    let mut page = Vec::new();
    stdin().read_to_end(&mut page)?;
    page.shrink_to_fit();
    Ok(page)
}

/// Speed and memory over one page. `peak_pages` is what the process took at most for reading it, the page itself
/// included, in sizes of the page.
fn measure(stream: Stream, page: &[u8]) -> Result<Value> {
    let mut sanitizer = Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default());
    let mut read = || sanitizer.page(stream, page).map_err(Error::other);
    forget_peak()?;
    let before = memory("VmRSS:")?;
    let rows: usize = read()?.batches.iter().map(CleanBatch::num_rows).sum();
    let peak = memory("VmHWM:")?.saturating_sub(before) + page.len();
    let (start, mut passes) = (cpu_seconds()?, 0.0);
    while cpu_seconds()? - start < CPU_SECONDS {
        read()?;
        passes += 1.0;
    }
    let seconds = (cpu_seconds()? - start) / passes;
    let megabytes = page.len() as f64 / 1e6;
    Ok(json!({
        "megabytes_per_second": (megabytes / seconds).round(), "page_megabytes": megabytes, "rows": rows,
        "peak_pages": (peak as f64 / page.len() as f64 * 100.0).round() / 100.0,
    }))
}

/// Lets Linux forget the greatest memory that the process has had.
fn forget_peak() -> Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

/// Seconds that the process has had of the processor.
fn cpu_seconds() -> Result<f64> {
    let told = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = told.split(' ').next().and_then(|told| told.parse::<f64>().ok());
    nanoseconds.map(|nanoseconds| nanoseconds / 1e9).ok_or_else(|| Error::other("no time told"))
}

/// Bytes that Linux tells of the process at this key.
fn memory(key: &str) -> Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<usize>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1_024).ok_or_else(|| Error::other("no memory told"))
}
