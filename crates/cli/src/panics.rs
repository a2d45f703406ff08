//! A panic is a fault of ours. Its message may quote what was being worked on, so it is told by its place alone.

use std::io::Write;
use std::panic::{AssertUnwindSafe, Location};

use crate::exit_code::Exit;

/// From here on a panic prints where it happened and a fixed sentence, never its message.
pub(crate) fn hide_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), place);
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "error: deskmeter stopped at a fault of its own, at {place}");
        let _ = writeln!(
            stderr,
            "  next: report this place; what was committed is kept, and a run can be repeated"
        );
    }));
}

/// What `work` answers; a panic in it ends as [`Exit::Bug`].
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Exit> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| Exit::Bug)
}

/// File and line. Of an outside crate, the file within it: where it lay when this was built is nobody's business.
fn place(location: &Location<'_>) -> String {
    let file = location.file();
    let within = file.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    format!("{}:{}", within.map_or(file, |(_, file)| file), location.line())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CANARY: &str = "CANARY-subject-of-a-ticket";
    /// Set for the process that is to panic.
    const PANICS: &str = "DESKMETER_TEST_PANICS";

    /// Panics in a thread and in caught work, each with a canary in the message.
    fn panic_twice() {
        hide_messages();
        let words = [CANARY];
        let in_a_thread = std::thread::spawn(|| panic!("{CANARY}")).join();
        let ended = caught(|| words.iter().find(|word| word.is_empty()).expect(CANARY));
        assert!(in_a_thread.is_err() && matches!(ended, Err(Exit::Bug)));
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_of_its_message() {
        #[expect(clippy::disallowed_methods, reason = "tells the test's own second process apart")]
        if std::env::var_os(PANICS).is_some() {
            return panic_twice();
        }
        let ran = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "panics::tests::a_panic_tells_its_place_and_nothing_of_its_message",
                "--nocapture",
            ])
            .env(PANICS, "1")
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        let told =
            [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(ran.status.success(), "{told}");
        assert_eq!(told.matches("a fault of its own, at crates/cli/src/panics.rs:").count(), 2, "{told}");
        assert!(!told.contains("CANARY"), "{told}");
    }
}
