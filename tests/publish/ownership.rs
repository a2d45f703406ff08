//! Schemas of others are left alone, and what is ours is taken out again.

use deskmeter_publisher::{Error, PublishOptions, Unpublished, publish, unpublish};

use crate::desk::{Desk, options};
use crate::server::{Database, PASSWORD, database};

/// Everything in the database that is not PostgreSQL's own: schemas, relations, roles with their comments.
const ALL: &str = "\
    select 'schema ' || nspname, obj_description(oid, 'pg_namespace') from pg_namespace \
        where nspname !~ '^(pg_|information_schema|public)' \
    union all select relkind::text || ' ' || oid::regclass::text, obj_description(oid, 'pg_class') from pg_class \
        where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' \
    union all select 'function ' || oid::regprocedure::text, null from pg_proc \
        where pronamespace::regnamespace::text !~ '^(pg_|information_schema)' \
    union all select 'default', defaclacl::text from pg_default_acl order by 1";

/// Publishes and expects a refusal that changes nothing.
async fn refused(database: &Database, options: &PublishOptions) -> Error {
    let before = database.psql(ALL);
    let error = publish(&Desk::new(3).warehouse().await, &database.url(), options).await.unwrap_err();
    assert_eq!(database.psql(ALL), before);
    error
}

#[tokio::test]
async fn unpublish_leaves_nothing() {
    let Some(database) = database("unpublish_leaves_nothing") else { return };
    let url = database.url();
    let before = database.psql(ALL);
    let role = format!("{}_reader", database.name);
    let options = PublishOptions { reader_role: Some(role), ..options() };
    publish(&Desk::new(30).warehouse().await, &url, &options).await.unwrap();
    database.psql("create view public.copy as select * from deskmeter_acme.case_tickets");
    database.psql("create materialized view public.copy_kept as select * from public.copy");
    assert_ne!(database.psql(ALL), before);
    let taken = unpublish(&url, "acme", "deskmeter_acme").await.unwrap();
    assert_eq!(taken.tables, ["agents", "case_days", "case_tickets", "groups", "schedules"]);
    assert_eq!((taken.left, database.psql(ALL)), (Vec::new(), before));
    assert_eq!(unpublish(&url, "acme", "deskmeter_acme").await.unwrap(), Unpublished::default());
}

#[tokio::test]
async fn refuses_the_schema_of_another_connection_or_program() {
    let Some(database) = database("refuses_the_schema_of_another_connection_or_program") else { return };
    publish(&Desk::new(3).warehouse().await, &database.url(), &options()).await.unwrap();
    let other = PublishOptions { connection: "globex".to_owned(), ..options() };
    let error = refused(&database, &other).await;
    assert!(matches!(&error, Error::NotOurs { reason, .. } if reason.contains("acme")), "{error}");
    let error = unpublish(&database.url(), "globex", "deskmeter_acme").await.unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. }), "{error}");
    assert_eq!(database.psql("select count(*) from deskmeter_acme.case_tickets"), "3");

    database.psql("create schema shop; comment on schema shop is 'the shop'; create schema full_one; create table full_one.orders ()");
    let shop = PublishOptions { schema: "shop".to_owned(), ..options() };
    let error = refused(&database, &shop).await;
    assert!(matches!(error, Error::NotOurs { .. }), "{error}");
    let full = PublishOptions { schema: "full_one".to_owned(), ..options() };
    let error = refused(&database, &full).await;
    assert!(matches!(&error, Error::ForeignObjects { objects, .. } if objects == &["orders"]), "{error}");
    let public = PublishOptions { schema: "public".to_owned(), ..options() };
    assert!(matches!(refused(&database, &public).await, Error::Name { .. }));
}

#[tokio::test]
async fn refuses_its_own_schema_once_others_put_something_there() {
    let Some(database) = database("refuses_its_own_schema_once_others_put_something_there") else { return };
    publish(&Desk::new(3).warehouse().await, &database.url(), &options()).await.unwrap();
    database.psql("create view deskmeter_acme.mine as select 1 as one");
    let error = refused(&database, &options()).await;
    assert!(matches!(&error, Error::ForeignObjects { objects, .. } if objects == &["mine"]), "{error}");
    let taken = unpublish(&database.url(), "acme", "deskmeter_acme").await.unwrap();
    assert_eq!(taken.left, ["mine"]);
    let tables = "select relname from pg_class where relnamespace = 'deskmeter_acme'::regnamespace";
    assert_eq!(database.psql(tables), "mine");
}

#[tokio::test]
async fn takes_over_an_empty_schema_that_was_made_for_it() {
    let Some(database) = database("takes_over_an_empty_schema_that_was_made_for_it") else { return };
    let role = format!("{}_writer", database.name);
    database.server.admin(&format!("create role {role} login password '{PASSWORD}'"));
    let url = database.server.url(&role, &database.name).parse().unwrap();
    let desk = Desk::new(3);
    let error = publish(&desk.warehouse().await, &url, &options()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Forbidden { remedy, .. } if remedy.contains("GRANT CREATE ON DATABASE")),
        "{error}"
    );
    database.psql("create schema deskmeter_acme");
    let error = publish(&desk.warehouse().await, &url, &options()).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotOurs { reason, .. } if reason.contains("another role owns it")),
        "{error}"
    );
    let admin = database.server.url("admin", &database.name);
    database.server.psql(&admin, &format!("alter schema deskmeter_acme owner to {role}"));
    publish(&desk.warehouse().await, &url, &options()).await.unwrap();
    // The role may not make roles.
    let options = PublishOptions { reader_role: Some("nobody_yet".to_owned()), ..options() };
    let error = publish(&desk.warehouse().await, &url, &options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Forbidden { remedy, .. } if remedy.contains("CREATE ROLE nobody_yet")),
        "{error}"
    );
}
