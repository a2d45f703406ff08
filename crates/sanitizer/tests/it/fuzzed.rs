//! The fuzz targets on a fixed budget: the same checks (`fuzz/src/lib.rs`) on the seeds, bent byte by byte. By hand and
//! for hours: `fuzz/README.md`.

use std::fs;
use std::path::Path;

use deskmeter_zendesk::Stream;

#[expect(unreachable_pub, reason = "fuzzed, the file is a library of its own")]
#[path = "../../../../fuzz/src/lib.rs"]
mod checks;

/// Executions of each target, besides the seeds themselves: 3,000, or as many as `DESKMETER_FUZZ_EXECUTIONS` says.
fn executions() -> usize {
    #[expect(clippy::disallowed_methods, reason = "the length of the test run")]
    let said = std::env::var("DESKMETER_FUZZ_EXECUTIONS");
    said.ok().and_then(|number| number.parse().ok()).unwrap_or(3_000)
}

/// Bytes and words that turn one shape of JSON into another.
const PARTS: [&[u8]; 16] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"1e400",
    b"9007199254740993",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\"id\":",
];

/// Numbers without a pattern, the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// One to four changes: a part put in, bytes taken out, a byte turned, a piece repeated elsewhere, the end cut off.
fn bend(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(24)).min(bytes.len());
        match dice.below(16) {
            0..=4 => drop(bytes.splice(at..at, PARTS[dice.below(PARTS.len())].iter().copied())),
            5..=7 => drop(bytes.drain(at..end)),
            8..=10 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            11..=14 => {
                let piece = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                drop(bytes.splice(to..to, piece));
            }
            _ => bytes.truncate(end),
        }
    }
}

fn check(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let seeds = fs::read_dir(&folder).unwrap().map(|seed| fs::read(seed.unwrap().path()).unwrap());
    let mut seeds: Vec<Vec<u8>> = seeds.collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target}");
    for seed in &seeds {
        run(seed);
    }
    let mut dice = Dice(0x5EED_0BAD_CAFE);
    for _ in 0..executions() {
        let mut bytes = seeds[dice.below(seeds.len())].clone();
        bend(&mut bytes, &mut dice);
        run(&bytes);
    }
}

#[test]
fn bent_pages_break_no_promise() {
    for stream in Stream::ALL {
        check(stream.name(), |bytes| checks::check_page(stream, bytes));
    }
}

#[test]
fn bent_answers_of_the_token_endpoint_and_of_me_break_no_promise() {
    check("token_response", checks::check_token_answer);
    check("me", checks::check_me);
}
