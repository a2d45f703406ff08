//! Answers that were given before, of all connections together. An answer belongs to one state of the tables, so it
//! never grows old: with the next state nobody asks for it any more, and it gives way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deskmeter_warehouse::Room;
use tokio::sync::{OnceCell, Semaphore};

use super::rows::Rows;

/// Cells that are kept at most: some fifty megabytes.
const CELLS_MAX: usize = 1_500_000;
/// An answer with more cells is given and not kept: a download must not push the pages out.
const CELLS_KEPT_MAX: usize = 50_000;
/// What an answer weighs beside its cells.
const CELLS_OF_AN_ENTRY: usize = 32;

/// Columns of the marts that are kept in memory, of all connections together, in bytes.
const ROOM_BYTES: usize = 1 << 30;

/// One question about one state of one connection's tables.
pub(crate) type Key = blake3::Hash;

/// The answers, and how many may be computed at once.
pub(crate) struct Answers {
    kept: Mutex<Kept>,
    /// One for each question that is computed.
    pub(crate) permits: Semaphore,
    /// Memory for what the questions read.
    pub(crate) room: Room,
}

#[derive(Default)]
struct Kept {
    answers: HashMap<Key, Answer>,
    cells: usize,
    uses: u64,
}

#[derive(Default)]
struct Answer {
    rows: Arc<OnceCell<Arc<Rows>>>,
    cells: usize,
    used: u64,
}

impl Answers {
    /// No answers yet; so many questions may be computed at once.
    pub(crate) fn new(at_once: usize) -> Self {
        Self { kept: Mutex::default(), permits: Semaphore::new(at_once.max(1)), room: Room::new(ROOM_BYTES) }
    }

    /// The kept answer, else the one that is computed now. Of many that ask the same at once, one computes.
    pub(crate) async fn get_or_compute<E>(
        &self,
        key: Key,
        compute: impl AsyncFnOnce() -> Result<Rows, E>,
    ) -> Result<Arc<Rows>, E> {
        let cell = self.kept().cell(key);
        let rows = cell.get_or_try_init(async || compute().await.map(Arc::new)).await?;
        self.kept().weigh(key, rows);
        Ok(Arc::clone(rows))
    }

    /// Whether there is an answer.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.kept().answers.get(&key).is_some_and(|answer| answer.rows.initialized())
    }

    /// Forgets all answers.
    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
    }

    /// How many answers there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.kept().answers.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn cell(&mut self, key: Key) -> Arc<OnceCell<Arc<Rows>>> {
        self.uses += 1;
        let answer = self.answers.entry(key).or_default();
        answer.used = self.uses;
        Arc::clone(&answer.rows)
    }

    /// Counts an answer that has come, and lets go of those that were unused longest.
    fn weigh(&mut self, key: Key, rows: &Rows) {
        let Some(answer) = self.answers.get_mut(&key).filter(|answer| answer.cells == 0) else { return };
        answer.cells = rows.rows.len() * rows.columns.len() + CELLS_OF_AN_ENTRY;
        self.cells += answer.cells;
        if answer.cells > CELLS_KEPT_MAX {
            self.remove(key);
        }
        while self.cells > CELLS_MAX {
            let filled = self.answers.iter().filter(|(_, answer)| answer.cells > 0);
            let Some(oldest) = filled.min_by_key(|(_, answer)| answer.used).map(|(key, _)| *key) else {
                return;
            };
            self.remove(oldest);
        }
    }

    fn remove(&mut self, key: Key) {
        if let Some(answer) = self.answers.remove(&key) {
            self.cells -= answer.cells;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::data::rows::Cell;

    fn rows(count: usize) -> Rows {
        Rows { columns: vec!["n".into()], rows: vec![vec![Cell::Int(1)]; count] }
    }

    async fn ask(answers: &Answers, question: &str, count: usize) -> bool {
        let mut was_computed = false;
        let computed = async || {
            was_computed = true;
            Ok::<_, Infallible>(rows(count))
        };
        let given = answers.get_or_compute(blake3::hash(question.as_bytes()), computed).await.unwrap();
        assert_eq!(given.rows.len(), count);
        was_computed
    }

    #[tokio::test]
    async fn an_answer_is_computed_once_and_the_longest_unused_gives_way() {
        let answers = Answers::new(1);
        assert!(ask(&answers, "first", 40_000).await);
        assert!(!ask(&answers, "first", 40_000).await);
        for other in 0..CELLS_MAX / 40_000 {
            assert!(ask(&answers, &other.to_string(), 40_000).await);
        }
        assert!(answers.kept().cells <= CELLS_MAX);
        assert!(ask(&answers, "first", 40_000).await, "it was unused longest");
        assert!(!ask(&answers, "20", 40_000).await);
        assert!(ask(&answers, "download", CELLS_KEPT_MAX + 1).await);
        assert!(ask(&answers, "download", CELLS_KEPT_MAX + 1).await, "too large to be kept");
    }
}
