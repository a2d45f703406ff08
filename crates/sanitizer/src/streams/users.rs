//! Agents out of the users export. End users are dropped here, before anything else of them is looked at.

use deskmeter_tables::{AGENTS, ROLE};

use super::Rows;
use crate::CleanBatch;
use crate::context::Context;
use crate::json::Json;
use crate::layout::layout;
use crate::place::Place;
use crate::reject::{Fault, Rule};
use crate::table_builder::{Month, Room, TableBuilder};
use crate::value::{Fate, Value};

layout! {
    /// A user. Nothing that names, describes or reaches a person is here.
    User {
        id "id",
        created_at "created_at",
        updated_at "updated_at",
        role "role",
        active "active",
        role_type "role_type",
        custom_role_id "custom_role_id",
        suspended "suspended",
        default_group_id "default_group_id",
    }
    drop {
        "url", "name", "email", "time_zone", "iana_time_zone", "phone", "shared_phone_number", "photo",
        "locale_id", "locale", "organization_id", "verified", "external_id", "tags", "alias", "shared",
        "shared_agent", "last_login_at", "two_factor_auth_enabled", "signature", "details", "notes",
        "moderator", "ticket_restriction", "only_private_comments", "restricted_agent", "report_csv",
        "is_billing_admin", "suspension_details", "user_fields", "permanently_deleted",
        "remote_photo_url", "chat_only",
    }
}

/// The agents of a page.
pub(crate) struct Agents(TableBuilder);

/// Whether a user's row is stored.
#[derive(PartialEq, Eq)]
enum Outcome {
    Stored,
    /// An end user who never was an agent.
    EndUser,
}

impl Rows for Agents {
    type Row<'a> = User<'a>;
    const PLACE: Place = Place::User;

    fn new(room: &Room) -> Self {
        Self(TableBuilder::new(&AGENTS, room))
    }

    fn add(&mut self, row: Option<&mut User<'_>>, context: &mut Context<'_>) {
        let Some(user) = row else { return context.reject_non_object(&AGENTS, Place::User) };
        context.saw(user.updated_at().time());
        let outcome = self.convert(user, context);
        match outcome {
            Ok(Outcome::Stored) => {}
            Ok(Outcome::EndUser) => context.tally.drop_whole(Place::User),
            Err(rule) => context.reject(&AGENTS, None, rule),
        }
        context.tally.settle(user, outcome == Ok(Outcome::Stored));
    }

    fn finish(self) -> Vec<CleanBatch> {
        vec![self.0.finish()]
    }
}

impl Agents {
    fn convert(&mut self, user: &mut User<'_>, context: &mut Context<'_>) -> Result<Outcome, Rule> {
        let role = user.role().required(role)?;
        let agent_key = user.id().required(|id| id.user(&context.pseudonyms));
        if role == END_USER && !agent_key.is_ok_and(|key| context.is_agent(key)) {
            return Ok(Outcome::EndUser);
        }
        let agent_key = agent_key?;
        let updated_at = user.updated_at().required(Value::time)?;
        let created_at = user.created_at().required(Value::time)?;
        self.0.row((
            ("agent_key", agent_key),
            ("created_month", Month(created_at)),
            ("updated_at", updated_at),
            ("created_at", created_at),
            ("role", role),
            ("role_type", user.role_type().count()?),
            ("custom_role_id", user.custom_role_id().id()?),
            ("default_group_id", user.default_group_id().id()?),
            ("is_active", user.active().boolean()?),
            ("is_suspended", user.suspended().boolean()?),
        ));
        context.new_agents.insert(agent_key);
        Ok(Outcome::Stored)
    }
}

const END_USER: &str = "end_user";

/// A role as our word; Zendesk writes `end-user`.
fn role(value: &mut Value<'_>) -> Result<Option<&'static str>, Rule> {
    let text = match value.json() {
        Json::Null => return Ok(None),
        Json::Text(text) => text,
        _ => return Err(value.rule(Fault::WrongType)),
    };
    let word = if text.is("end-user") { Some(END_USER) } else { ROLE.get(&text.read()) };
    let word = word.ok_or(value.rule(Fault::UnknownWord))?;
    value.set_fate(Fate::Kept);
    Ok(Some(word))
}
