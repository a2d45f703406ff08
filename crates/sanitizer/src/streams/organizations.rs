//! Organizations: that they exist, and since when.

use deskmeter_tables::ORGANIZATIONS;

use super::Rows;
use crate::CleanBatch;
use crate::context::Context;
use crate::layout::layout;
use crate::place::Place;
use crate::reject::Rule;
use crate::table_builder::{Month, Room, TableBuilder};
use crate::value::Value;

layout! {
    /// An organization, without what it is called.
    Organization {
        id "id",
        created_at "created_at",
        updated_at "updated_at",
        deleted_at "deleted_at",
    }
    drop {
        "url", "name", "shared_tickets", "shared_comments", "external_id", "domain_names", "details", "notes",
        "group_id", "tags", "organization_fields",
    }
}

/// The organizations of a page.
pub(crate) struct Organizations(TableBuilder);

impl Rows for Organizations {
    type Row<'a> = Organization<'a>;
    const PLACE: Place = Place::Organization;

    fn new(room: &Room) -> Self {
        Self(TableBuilder::new(&ORGANIZATIONS, room))
    }

    fn add(&mut self, row: Option<&mut Organization<'_>>, context: &mut Context<'_>) {
        let Some(organization) = row else {
            return context.reject_non_object(&ORGANIZATIONS, Place::Organization);
        };
        context.saw(organization.updated_at().time());
        let converted = self.convert(organization, context);
        if let Err(rule) = converted {
            context.reject(&ORGANIZATIONS, None, rule);
        }
        context.tally.settle(organization, converted.is_ok());
    }

    fn finish(self) -> Vec<CleanBatch> {
        vec![self.0.finish()]
    }
}

impl Organizations {
    fn convert(&mut self, organization: &mut Organization<'_>, context: &Context<'_>) -> Result<(), Rule> {
        let organization_key = organization.id().required(|id| id.organization(&context.pseudonyms))?;
        let created_at = organization.created_at().required(Value::time)?;
        self.0.row((
            ("organization_key", organization_key),
            ("created_month", Month(created_at)),
            ("created_at", created_at),
            ("updated_at", organization.updated_at().required(Value::time)?),
            ("deleted_at", organization.deleted_at().time()?),
        ));
        Ok(())
    }
}
