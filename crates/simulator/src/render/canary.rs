//! The list of what must never be found in any output of a pipeline that read this world.

use super::{agent_id, end_user_id, organization_id};
use crate::world::generated::{FIRST_TICKET, Generated};
use std::io::{self, Write};

/// Marks that every planted text carries: `CANARY-<place>-<n>`, and `canary-…` in addresses and host names.
const MARKS: [&str; 2] = ["CANARY-", "canary-"];
/// Planted values that can carry no mark: coordinates, addresses, the beginnings of telephone numbers.
const UNMARKED: [&str; 6] = ["51.47792813", "0.00147829", "203.0.113.", "+1555010", "(555) 010-", "+1555011"];

/// Writes the marks, the unmarked values, and the raw ids of people and organizations, one a line: a search
/// for any of them as a fixed text (`grep -F -f`) must find nothing.
pub(crate) fn write(world: &Generated, to: &mut dyn io::Write) -> io::Result<()> {
    let mut to = io::BufWriter::new(to);
    for text in MARKS.iter().chain(&UNMARKED) {
        writeln!(to, "{text}")?;
    }
    for agent in 0..world.cast.agents.len() {
        writeln!(to, "{}", agent_id(agent as u16))?;
    }
    for user in 0..world.cast.end_users {
        writeln!(to, "{}", end_user_id(user))?;
    }
    for organization in 0..world.cast.organizations {
        writeln!(to, "{}", organization_id(organization))?;
    }
    // Telephone numbers that sit in numeric custom fields.
    for index in 0..world.cases.len() as i64 {
        writeln!(to, "1555010{}", 1_000_000 + FIRST_TICKET + index)?;
    }
    to.flush()
}
