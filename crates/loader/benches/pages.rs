//! Raw export pages to a lake, without a network: `cargo bench -p deskmeter-loader --bench pages -- PAGES LAKE`, where
//! PAGES is a folder of answers named `<stream>-<number>.json`, as `bench/run` saves them. Each page is sanitized and
//! loaded as a sync does it; the last line tells rows and bytes as JSON. Time and memory are for who starts it to take.
#![expect(clippy::print_stdout, reason = "its figures are its result")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use deskmeter_lake::Lake;
use deskmeter_loader::{Loader, LoaderOptions};
use deskmeter_sanitizer::{CleanBatch, PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_zendesk::Stream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> =
        std::env::args().skip(1).filter(|word| word != "--bench").map(PathBuf::from).collect();
    let [pages, lake] = folders.as_slice() else {
        // `cargo bench` of all benches asks for nothing.
        println!("pages: give a folder of pages and one for the lake");
        return Ok(());
    };
    fs::create_dir_all(lake)?;
    let url = format!("file://{}", std::path::absolute(lake)?.display());
    let lake = Lake::open(&url, &BTreeMap::new())?.connection("acme");
    let mut loader = Loader::open(lake, LoaderOptions::default()).await?;
    let mut sanitizer = Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default());
    let mut page = Vec::new();
    let (mut bytes, mut rows_seen, mut rows) = (0, 0, 0);
    for stream in Stream::ALL {
        let mut writer = loader.stream(stream.name());
        for number in 1.. {
            let Ok(mut file) = fs::File::open(pages.join(format!("{}-{number}.json", stream.name()))) else {
                break;
            };
            page.clear();
            file.read_to_end(&mut page)?;
            let clean = sanitizer.page(stream, &page)?;
            bytes += page.len();
            rows_seen += clean.rows_seen;
            rows += clean.batches.iter().map(CleanBatch::num_rows).sum::<usize>();
            writer.push(clean.batches, number.to_string()).await?;
        }
        writer.finish().await?;
    }
    println!("{{\"bytes\":{bytes},\"rows_seen\":{rows_seen},\"rows\":{rows}}}");
    Ok(())
}
