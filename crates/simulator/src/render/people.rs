//! Users and organizations: names, addresses and notes of people, every one of them planted.

use super::json::{boolean, canary, email, int, lit, maybe_int, time, word};
use super::{agent_id, end_user_id, organization_id};
use crate::world::cast::{Leaving, group_id};
use crate::world::generated::{Generated, created_at};

/// Writes a user, agents first, as the user was at the time of the version.
pub(crate) fn write_user(world: &Generated, index: u32, at: i64, out: &mut Vec<u8>) {
    let cast = &world.cast;
    let agent = cast.agents.get(index as usize);
    let end_user = index.saturating_sub(cast.agents.len() as u32);
    let left = agent.filter(|agent| at >= agent.leaves_at).map(|agent| agent.leaving);
    let id = if agent.is_some() { agent_id(index as u16) } else { end_user_id(end_user) };
    let role = match (agent, left) {
        (None, _) | (_, Some(Leaving::Demoted)) => "end-user",
        _ if index == 0 => "admin",
        _ => "agent",
    };
    int(out, "{\"id\":", id);
    int(out, ",\"url\":\"https://canary-subdomain.example.test/api/v2/users/", id);
    canary(out, ".json\",\"name\":", "user-name", id);
    email(out, ",\"email\":", "user", id);
    time(out, ",\"created_at\":", created_at(cast.seed, cast.start, index));
    time(out, ",\"updated_at\":", at);
    canary(out, ",\"time_zone\":", "user-time-zone", id);
    canary(out, ",\"iana_time_zone\":", "user-iana-time-zone", id);
    int(out, ",\"phone\":\"+1555011", 1_000_000 + id % 1_000_000);
    canary(out, "\",\"shared_phone_number\":null,\"photo\":{\"content_url\":", "user-photo", id);
    canary(out, "},\"locale_id\":1,\"locale\":", "user-locale", id);
    let organization = cast.organization_of(end_user).filter(|_| agent.is_none());
    maybe_int(out, ",\"organization_id\":", organization.map(organization_id));
    word(out, ",\"role\":", role);
    canary(out, ",\"verified\":true,\"external_id\":", "user-external-id", id);
    canary(out, ",\"tags\":[", "user-tag", id);
    canary(out, "],\"alias\":", "user-alias", id);
    boolean(out, ",\"active\":", left != Some(Leaving::Deleted));
    time(out, ",\"shared\":false,\"shared_agent\":false,\"last_login_at\":", at);
    canary(out, ",\"two_factor_auth_enabled\":false,\"signature\":", "user-signature", id);
    canary(out, ",\"details\":", "user-details", id);
    canary(out, ",\"notes\":", "user-notes", id);
    lit(out, if role == "admin" { ",\"role_type\":4" } else { ",\"role_type\":null" });
    lit(out, ",\"custom_role_id\":null,\"moderator\":false,\"ticket_restriction\":null");
    lit(out, ",\"only_private_comments\":false,\"restricted_agent\":false,\"suspended\":false");
    let group = agent.filter(|_| role != "end-user").map(|agent| group_id(agent.group));
    maybe_int(out, ",\"default_group_id\":", group);
    canary(out, ",\"report_csv\":false,\"user_fields\":{\"badge\":", "user-field", id);
    lit(out, "}");
    if left == Some(Leaving::Deleted) {
        lit(out, ",\"permanently_deleted\":false");
    }
    lit(out, "}");
}

/// Writes an organization as it was at the time of the version.
pub(crate) fn write_organization(world: &Generated, index: u32, at: i64, out: &mut Vec<u8>) {
    let cast = &world.cast;
    let id = organization_id(index);
    int(out, "{\"url\":\"https://canary-subdomain.example.test/api/v2/organizations/", id);
    int(out, ".json\",\"id\":", id);
    canary(out, ",\"name\":", "organization-name", id);
    canary(
        out,
        ",\"shared_tickets\":false,\"shared_comments\":false,\"external_id\":",
        "organization-external-id",
        id,
    );
    time(out, ",\"created_at\":", created_at(cast.seed ^ 0x0A60, cast.start, index));
    time(out, ",\"updated_at\":", at);
    canary(out, ",\"deleted_at\":null,\"domain_names\":[", "organization-domain", id);
    canary(out, "],\"details\":", "organization-details", id);
    canary(out, ",\"notes\":", "organization-notes", id);
    canary(out, ",\"group_id\":null,\"tags\":[", "organization-tag", id);
    canary(out, "],\"organization_fields\":{\"tier\":", "organization-field", id);
    lit(out, "}}");
}
