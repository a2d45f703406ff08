//! People, groups and organizations beside tickets, as `include` asks for them.

use super::Simulator;
use super::asked::Asked;
use super::tokens::Grant;
use crate::render::write_group;
use crate::world::stream::{Filter, Stream};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Which arrays stand beside the tickets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sideloads {
    users: bool,
    groups: bool,
    organizations: bool,
}

/// The ids that a ticket names.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "requester_id")]
    requester: Option<i64>,
    #[serde(rename = "submitter_id")]
    submitter: Option<i64>,
    #[serde(rename = "assignee_id")]
    assignee: Option<i64>,
    #[serde(rename = "group_id")]
    group: Option<i64>,
    #[serde(rename = "organization_id")]
    organization: Option<i64>,
}

impl Sideloads {
    /// What is asked for, if the token may have it: the pages give sideloads to the global `read` alone.
    pub(crate) fn granted(asked: &Asked, grant: &Grant) -> Self {
        let includes = asked.words("include");
        let wants = |name: &str| grant.reads_all() && includes.iter().any(|include| include == name);
        Self { users: wants("users"), groups: wants("groups"), organizations: wants("organizations") }
    }

    /// Appends the arrays with whatever these tickets, an array in JSON, name as of that second.
    pub(crate) fn write(self, simulator: &Simulator, tickets: &[u8], as_of: i64, out: &mut Vec<u8>) {
        if !(self.users || self.groups || self.organizations) {
            return;
        }
        let named: Vec<Named> = serde_json::from_slice(tickets).unwrap_or_default();
        if self.users {
            let people = |row: &Named| [row.requester, row.submitter, row.assignee];
            let ids = named.iter().flat_map(people).flatten().collect();
            write_stream(simulator, Stream::Users, &ids, as_of, out);
        }
        if self.groups {
            out.extend_from_slice(b",\"groups\":[");
            let ids: BTreeSet<i64> = named.iter().filter_map(|row| row.group).collect();
            for (place, id) in ids.into_iter().enumerate() {
                out.extend_from_slice(if place == 0 { b"" } else { b"," });
                write_group(id, out);
            }
            out.push(b']');
        }
        if self.organizations {
            let ids = named.iter().filter_map(|row| row.organization).collect();
            write_stream(simulator, Stream::Organizations, &ids, as_of, out);
        }
    }
}

fn write_stream(simulator: &Simulator, stream: Stream, ids: &BTreeSet<i64>, as_of: i64, out: &mut Vec<u8>) {
    let (world, filter) = (&simulator.world, Filter::default());
    out.extend_from_slice(format!(",\"{}\":[", stream.key()).as_bytes());
    let wanted = (0..world.len(stream))
        .filter(|row| ids.contains(&world.id(stream, *row)) && world.shows(stream, *row, as_of, filter));
    for (place, row) in wanted.enumerate() {
        out.extend_from_slice(if place == 0 { b"" } else { b"," });
        world.write_row(stream, row, filter, out);
    }
    out.push(b']');
}
