//! What BI tools see: psql's `\d+`, psycopg 3, and SQLAlchemy's reflection, on which most of them stand.

use std::path::PathBuf;
use std::process::Command;

use deskmeter_publisher::{PublishOptions, publish};

use crate::desk::{Desk, options};
use crate::server::{PASSWORD, database, requires_all};

/// Prints, of every table that the reader role can reflect, what SQLAlchemy and psycopg say of it.
const SCRIPT: &str = r#"
import sys
import psycopg, sqlalchemy
url = sys.argv[1]
engine = sqlalchemy.create_engine(url.replace("postgres://", "postgresql+psycopg://"))
look = sqlalchemy.inspect(engine)
with psycopg.connect(url) as connection:
    for table in sorted(look.get_table_names("deskmeter_acme")):
        comment = look.get_table_comment(table, "deskmeter_acme")["text"]
        key = look.get_pk_constraint(table, "deskmeter_acme")["constrained_columns"]
        indexes = sorted(",".join(it["column_names"]) for it in look.get_indexes(table, "deskmeter_acme"))
        cursor = connection.execute(f"select * from deskmeter_acme.{table}")
        row = cursor.fetchone() or ()
        print(table, cursor.rowcount, key, indexes, repr(comment), sep="|")
        for column, value in zip(look.get_columns(table, "deskmeter_acme"), row):
            print("", column["name"], column["type"], type(value).__name__, repr(column["comment"]), sep="|")
frame = sqlalchemy.Table("case_tickets", sqlalchemy.MetaData(), schema="deskmeter_acme", autoload_with=engine)
with engine.connect() as connection:
    monthly = sqlalchemy.select(frame.c.created_month, sqlalchemy.func.avg(frame.c.reply_minutes))
    for row in connection.execute(monthly.group_by(frame.c.created_month).order_by(frame.c.created_month)):
        print("month", *row, sep="|")
"#;

/// Python with the readers, as `.ci/run` makes it.
fn python() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a part of the test run")]
    let named = std::env::var_os("DESKMETER_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "python3".into());
    let works = Command::new(&python).args(["-c", "import psycopg, sqlalchemy"]).output();
    if works.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(!requires_all(), "python with tests/requirements.txt is missing (DESKMETER_PYTHON)");
    eprintln!(
        "SKIPPED readers of the database: no python with tests/requirements.txt (set DESKMETER_PYTHON)"
    );
    None
}

#[tokio::test]
async fn psycopg_and_sqlalchemy_see_types_comments_keys_and_indexes() {
    let Some(python) = python() else { return };
    let Some(database) = database("psycopg_and_sqlalchemy") else { return };
    let role = format!("{}_reader", database.name);
    let options = PublishOptions { reader_role: Some(role.clone()), ..options() };
    publish(&Desk::new(9).warehouse().await, &database.url(), &options).await.unwrap();
    database.server.admin(&format!("alter role {role} login password '{PASSWORD}'"));
    let reader = database.server.url(&role, &database.name);
    let output = Command::new(python).args(["-c", SCRIPT, &reader]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    for line in [
        r#"case_tickets|9|['ticket_id']|['created_date', 'created_month', 'group_id']|"Tickets, as the publisher's cases have them.\nOne row: one row per ticket\nCaveat: It's made up.""#,
        "|ticket_id|BIGINT|int|'The ticket.'",
        "|created_month|TEXT|str|'Month of creation.'",
        "|group_id|BIGINT|NoneType|'The group. NULL: no group yet'",
        r#"|status|TEXT|str|"Status, 'as it is now'.""#,
        "|is_reopened|BOOLEAN|NoneType|'Whether it was opened again. NULL: never solved'",
        "|created_at|TIMESTAMP|datetime|'When it was made.'",
        "|created_date|DATE|date|'Day of creation.'",
        "|reply_minutes|BIGINT|NoneType|'Time to the first reply. Unit: minutes. NULL: no reply yet'",
        "|share|DOUBLE PRECISION|float|'A part of something. Unit: ratio.'",
        "agents|2|['agent_key']|[]|'Agents by pseudonym, as they are now.\\nOne row: one agent'",
        "|tier|BIGINT|int|'Support tier, lowest first. NULL: none was given.'",
        "month|2026-08|3.0000000000000000",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line}\nis not in\n{printed}");
    }
}

#[tokio::test]
async fn psql_describes_a_mart() {
    let Some(database) = database("psql_describes_a_mart") else { return };
    publish(&Desk::new(9).warehouse().await, &database.url(), &options()).await.unwrap();
    let described =
        database.server.psql_with(&database.url_text(), &["-c", "\\d+ deskmeter_acme.case_tickets"]);
    for line in [
        "ticket_id|bigint||not null||plain|||The ticket.",
        "created_at|timestamp with time zone||||plain|||When it was made.",
        "\"case_tickets_pkey\" PRIMARY KEY, btree (ticket_id)",
        "\"case_tickets_created_month_idx\" btree (created_month)",
    ] {
        assert!(
            described.lines().any(|described| described.trim() == line),
            "{line}\nis not in\n{described}"
        );
    }
}
