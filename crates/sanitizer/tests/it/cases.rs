//! Cases as data: `tests/sanitize/<stream>.<claim>.json` is a page, the `.txt` beside it what must come of it. With
//! `UPDATE_EXPECTED=1` set at compile time the texts are written anew; read the difference before committing it.

use std::fs;
use std::path::Path;

use deskmeter_zendesk::Stream;

use crate::{sanitizer, sanitizer_with_labels, text};

#[test]
fn every_page_of_the_cases_gives_the_rows_rejects_and_counts_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sanitize");
    let mut pages: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    pages.sort();
    assert!(!pages.is_empty(), "no cases");
    for page in pages {
        check(&page);
    }
}

fn check(path: &Path) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let stream = Stream::from_name(name.split('.').next().unwrap()).unwrap();
    let mut sanitizer = if name.contains(".labels_") { sanitizer_with_labels() } else { sanitizer() };
    let page = sanitizer.page(stream, &fs::read(path).unwrap());
    let mut actual = page.map_or_else(|error| format!("error: {error}\n"), |page| text::page(&page));
    actual.push_str("ledger: kept, pseudonymised, other, dropped, rejected\n");
    actual.push_str(&text::ledger(sanitizer.ledger()));
    let expected = path.with_extension("txt");
    if option_env!("UPDATE_EXPECTED").is_some() {
        fs::write(&expected, &actual).unwrap();
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert!(actual == expected, "{name}:\n{actual}\nexpected:\n{expected}");
}
