//! Servers that cannot be reached or do not let us in: what is wrong is said, the password never.

use std::error::Error as _;
use std::net::TcpListener;

use deskmeter_publisher::{DatabaseUrl, Error, publish};

use crate::desk::{Desk, options};
use crate::server::{PASSWORD, Server, database};

/// The error of a publish to this address, after a look through all that it prints.
async fn refused(url: &str) -> Error {
    let url: DatabaseUrl = url.parse().unwrap();
    let error = publish(&Desk::new(3).warehouse().await, &url, &options()).await.unwrap_err();
    let mut printed = format!("{url} {url:?} {error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        printed = format!("{printed} {error} {error:?}");
        cause = error.source();
    }
    for secret in ["sesame", "open%20", PASSWORD, "wrong-word"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    error
}

#[tokio::test]
async fn says_what_is_wrong_with_host_role_password_and_database() {
    let Some(database) = database("says_what_is_wrong") else { return };
    let url = database.url_text();
    let error = refused(&url.replace("open%20sesame", "wrong-word")).await;
    assert!(matches!(error, Error::Login { .. }), "{error:?}");
    let error = refused(&url.replace(&format!("//{}", database.name), "//nobody")).await;
    assert!(matches!(error, Error::Login { .. }), "{error:?}");
    let error = refused(
        &url.replace(&format!("/{}", database.name), "/nowhere")
            .replace("//nowhere", &format!("//{}", database.name)),
    )
    .await;
    assert!(matches!(error, Error::NoDatabase { .. }), "{error:?}");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refused(&format!("postgres://role:open%20sesame@127.0.0.1:{closed}/marts")).await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    let error = refused("postgres://role:open%20sesame@no-such-host.invalid/marts?sslmode=disable").await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn encrypts_where_the_server_wants_it_and_verifies_whom_it_talks_to() {
    let Some(database) = database("encrypts_where_the_server_wants_it") else { return };
    let (server, name) = (&database.server, &database.name);
    server.admin(&format!(
        "do $$ begin if not exists (select from pg_roles where rolname = 'tls_only') then \
         create role tls_only login; end if; end $$; \
         alter role tls_only password '{PASSWORD}'; grant create on database {name} to tls_only"
    ));
    let url = server.url("tls_only", name);
    let error = refused(&url).await;
    assert!(matches!(error, Error::TlsRequired { .. }), "{error:?}");
    let error = refused(&format!("{url}?sslmode=require")).await;
    assert!(matches!(error, Error::Tls { .. }), "an unknown authority: {error:?}");
    let error = refused(&format!("{url}?sslmode=require&sslrootcert=/no/such/file")).await;
    assert!(matches!(error, Error::RootCertificates { .. }), "{error:?}");
    let trusting = format!("{url}?sslmode=verify-full&sslrootcert={}", server.certificate());
    publish(&Desk::new(3).warehouse().await, &trusting.parse().unwrap(), &options()).await.unwrap();

    let Some(plain) = Server::start("encrypts_where_the_server_wants_it", false) else { return };
    let url = format!("{}?sslmode=require", plain.url("admin", "postgres"));
    let error = refused(&url).await;
    assert!(matches!(error, Error::NoTls { .. }), "{error:?}");
}

#[test]
fn addresses_are_read_and_printed_without_the_password() {
    for (text, printed) in [
        ("postgres://me:secret@db.example.com/marts", "postgres://me:****@db.example.com:5432/marts"),
        ("postgresql://me@localhost:5433", "postgres://me@localhost:5433/me"),
        ("postgres://me:se%3Fcret@h:1/d?sslmode=require&sslrootcert=/a%20b", "postgres://me:****@h:1/d"),
        ("postgres://me:secret@%2Frun%2Fpg/d?application_name=x", "postgres://me:****@/run/pg:5432/d"),
    ] {
        let url: DatabaseUrl = text.parse().unwrap();
        assert_eq!((url.to_string(), format!("{url:?}")), (printed.to_owned(), printed.to_owned()));
    }
    for text in [
        "mysql://me:secret@h/d",
        "postgres://me:secret@h:port/d",
        "postgres://me:secret@h/d?sslmode=prefer",
        "postgres://me:secret@h/d?secret=1",
        "postgres://h/d",
        "postgres:///d",
    ] {
        let error = text.parse::<DatabaseUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}
