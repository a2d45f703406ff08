//! Which steps of a run may begin, and whose rows are needed no longer.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Form, Step};
use crate::models::Layer;

/// Steps that are evaluated at a time: while one is planned, another keeps the cores busy.
const AT_ONCE: usize = 2;

/// The steps of a run by what they wait for. A step is known by its place in the list.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Steps that have not begun, and the steps that each of them still waits for.
    waiting: BTreeMap<usize, BTreeSet<usize>>,
    /// Steps whose rows are held, and the steps that have not read them yet. A view passes its need on to its readers, and
    /// goes with the last of them: its plan holds what it reads. Staging views stay, for the checks in the end.
    readers: BTreeMap<usize, BTreeSet<usize>>,
    /// How many steps follow each one by one, at the most: the longest way is begun first, so that what nobody waits for fills
    /// the gaps.
    ahead: Vec<usize>,
    under_way: BTreeSet<usize>,
    /// Steps that failed beside another and get a second try.
    again: Vec<usize>,
    /// The one that has it, and all memory for itself.
    alone: Option<usize>,
}

impl Order {
    pub(super) fn of(steps: &[Step<'_>]) -> Self {
        let places: BTreeMap<&str, usize> =
            steps.iter().enumerate().map(|(place, step)| (step.model.name.as_str(), place)).collect();
        let mut order = Self::default();
        let mut held: Vec<BTreeSet<usize>> = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            let read: BTreeSet<usize> =
                step.model.upstream.iter().filter_map(|name| places.get(name.as_str()).copied()).collect();
            let mut needed = BTreeSet::new();
            for (upstream, step) in read.iter().filter_map(|place| Some((*place, steps.get(*place)?))) {
                match step.form {
                    Form::View => {
                        needed.extend(held.get(upstream).into_iter().flatten().copied());
                        needed.extend((step.model.layer == Layer::Intermediate).then_some(upstream));
                    }
                    Form::Memory => needed.extend([upstream]),
                    Form::Kept => {}
                }
            }
            if step.form != Form::View {
                for upstream in &needed {
                    order.readers.entry(*upstream).or_default().insert(place);
                }
            }
            order.waiting.insert(place, read);
            held.push(needed);
        }
        order.ahead = vec![0; steps.len()];
        for (place, read) in order.waiting.iter().rev() {
            let own = order.ahead.get(*place).copied().unwrap_or_default();
            for upstream in read {
                if let Some(ahead) = order.ahead.get_mut(*upstream) {
                    *ahead = (*ahead).max(own + 1);
                }
            }
        }
        order
    }

    /// The step that waits for none and has the longest way ahead, if it may begin now; it counts as begun.
    pub(super) fn begin(&mut self) -> Option<usize> {
        let is_full = self.under_way.len() >= AT_ONCE || self.alone.is_some();
        if is_full || !(self.again.is_empty() || self.under_way.is_empty()) {
            return None;
        }
        self.alone = self.again.pop();
        let ready = || {
            let ready = self.waiting.iter().filter(|(_, needs)| needs.is_empty()).map(|(place, _)| *place);
            ready.rev().max_by_key(|place| self.ahead.get(*place).copied())
        };
        let place = self.alone.or_else(ready)?;
        self.waiting.remove(&place);
        self.under_way.insert(place);
        Some(place)
    }

    /// A step found too little memory. Tells whether it will begin again, by itself.
    pub(super) fn retry(&mut self, failed: usize) -> bool {
        let may_begin = self.alone.take() != Some(failed);
        self.under_way.remove(&failed);
        self.again.extend(may_begin.then_some(failed));
        may_begin
    }

    /// A step is done. Tells the steps whose rows nobody needs any more.
    pub(super) fn end(&mut self, done: usize) -> Vec<usize> {
        self.alone.take_if(|alone| *alone == done);
        self.under_way.remove(&done);
        for needs in self.waiting.values_mut() {
            needs.remove(&done);
        }
        for readers in self.readers.values_mut() {
            readers.remove(&done);
        }
        self.readers.extract_if(.., |_, readers| readers.is_empty()).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::models::Catalogue;
    use crate::refresh::steps;

    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(None).unwrap());

    proptest! {
        /// In whichever order the steps end: each begins after all that it reads, and rows that are held are let go of
        /// once, when the last of their readers is done. One step in four fails, and is tried once more, by itself.
        #[test]
        fn every_step_begins_after_what_it_reads_and_rows_go_with_their_last_reader(
            choices in prop::collection::vec((any::<prop::sample::Index>(), 0..4), 300),
        ) {
            let steps = steps(&CATALOGUE, |model| !CATALOGUE.is_about_checks(model));
            let mut order = Order::of(&steps);
            let (mut under_way, mut tried) = (Vec::new(), BTreeSet::new());
            let (mut done, mut released) = (BTreeSet::new(), BTreeSet::new());
            let mut choices = choices.into_iter();
            loop {
                while let Some(place) = order.begin() {
                    let step = &steps[place];
                    let is_done = |name: &String| !steps.iter().any(|step| step.model.name == *name) || done.contains(name);
                    prop_assert!(step.model.upstream.iter().all(is_done), "{} begins too early", step.model.name);
                    for name in rows_read(&steps, place) {
                        prop_assert!(!released.contains(name), "{} reads {name}, which is gone", step.model.name);
                    }
                    under_way.push(place);
                }
                let is_tried_again = under_way.iter().any(|place| tried.contains(place));
                let most = if is_tried_again { 1 } else { AT_ONCE };
                prop_assert!(under_way.len() <= most);
                let Some((choice, fate)) = choices.next().filter(|_| !under_way.is_empty()) else { break };
                let place = under_way.swap_remove(choice.index(under_way.len()));
                if fate == 0 && order.retry(place) {
                    prop_assert!(tried.insert(place), "{place} is tried a third time");
                    continue;
                }
                done.insert(steps[place].model.name.clone());
                for place in order.end(place) {
                    prop_assert!(released.insert(steps[place].model.name.as_str()), "{} goes twice", place);
                }
            }
            prop_assert_eq!(done.len(), steps.len());
            let held = steps.iter().filter(|step| is_let_go(step)).map(|step| step.model.name.as_str());
            prop_assert_eq!(released, held.collect::<BTreeSet<_>>());
        }
    }

    /// The held rows and views that a step reads, by itself or through views; a view itself reads none.
    fn rows_read<'a>(steps: &[Step<'a>], place: usize) -> BTreeSet<&'a str> {
        let mut names = BTreeSet::new();
        let mut waiting = match steps[place].form {
            Form::View => vec![],
            _ => steps[place].model.upstream.clone(),
        };
        while let Some(name) = waiting.pop() {
            match steps.iter().find(|step| step.model.name == name) {
                Some(step) if step.form != Form::Kept => {
                    names.extend(is_let_go(step).then_some(step.model.name.as_str()));
                    waiting.extend(if step.form == Form::View {
                        step.model.upstream.clone()
                    } else {
                        vec![]
                    });
                }
                _ => {}
            }
        }
        names
    }

    /// Whether a step's rows, or the view, are needed by its readers alone.
    fn is_let_go(step: &Step<'_>) -> bool {
        step.form == Form::Memory || (step.form == Form::View && step.model.layer == Layer::Intermediate)
    }
}
