//! What a visitor who means no good can do.

use deskmeter_server::{Error, ServeOptions};
use reqwest::header::{ORIGIN, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use reqwest::{Method, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Console, PASSWORD, context};

const WRONG: &str = "wrong horse battery";

#[tokio::test]
async fn an_address_that_others_reach_needs_a_password() {
    let mut options = ServeOptions::new(Vec::new(), context());
    options.bind = "0.0.0.0:0".parse().unwrap();
    let served = deskmeter_server::serve(options, |_| panic!("it answers"), async {}).await;
    assert!(matches!(served, Err(Error::Unprotected { .. })));
    // A proxy before it lets others in as well.
    let mut options = ServeOptions::new(Vec::new(), context());
    options.bind = "127.0.0.1:0".parse().unwrap();
    options.public_url = Some("https://desk.example".parse().unwrap());
    let served = deskmeter_server::serve(options, |_| panic!("it answers"), async {}).await;
    assert!(matches!(served, Err(Error::Unprotected { .. })));
}

#[tokio::test]
async fn a_link_from_another_site_leads_to_no_other_host() {
    let console = Console::lonely(Some(PASSWORD)).await;
    let address = console.base.strip_prefix("http://").unwrap().to_owned();
    for target in ["//evil.example/x", "/\\evil.example/x", "/a//\\evil.example"] {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut told = String::new();
        connection.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 ") && !told.contains("evil.example"), "{told}");
    }
    console.stop().await;
}

#[tokio::test]
async fn another_host_name_gets_nothing() {
    let console = Console::lonely(None).await;
    let visitor = console.visitor();
    let port = console.base.rsplit(':').next().unwrap();
    for host in
        ["evil.example".to_owned(), format!("evil.example:{port}"), format!("127.0.0.1.evil.example:{port}")]
    {
        assert_eq!(visitor.with_host(&host).await.status(), 421, "{host}");
    }
    assert_eq!(visitor.with_host(&format!("localhost:{port}")).await.status(), 200);
    console.stop().await;
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    visitor.page("/integrations").await;
    for action in
        ["/integrations/acme/connect", "/integrations/acme/sync", "/integrations/acme/disconnect", "/logout"]
    {
        for fields in [vec![], vec![("token", "AAAA")], vec![("token", ""), ("confirm", "acme")]] {
            let answer = visitor.request(Method::POST, action).form(&fields).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{action}");
        }
        let answer = visitor.request(Method::GET, action).send().await.unwrap();
        assert!(!answer.status().is_redirection(), "a GET of {action} must not act");
    }
    let foreign =
        visitor.request(Method::POST, "/integrations/acme/sync").header(ORIGIN, "https://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    console.stop().await;
}

#[tokio::test]
async fn a_token_of_another_session_is_refused() {
    let console = Console::lonely(None).await;
    let (mut one, mut other) = (console.visitor(), console.visitor());
    let token = crate::support::token(&one.page("/integrations/acme/connect").await);
    other.page("/integrations").await;
    let answer = other.request(Method::POST, "/integrations/acme/connect").form(&[("token", token)]);
    assert_eq!(answer.send().await.unwrap().status(), 403);
    console.stop().await;
}

#[tokio::test]
async fn nothing_is_shown_before_the_password_and_all_of_it_after() {
    let console = Console::lonely(Some(PASSWORD)).await;
    let mut visitor = console.visitor();
    for path in [
        "/",
        "/integrations",
        "/c/acme/overview",
        "/c/acme/data/overview_flow.csv",
        "/integrations/acme/events",
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
            (303, "/login"),
            "{path}"
        );
    }
    assert_eq!(visitor.get("/healthz").await.status(), 200);
    let metrics = visitor.get("/metrics").await;
    assert!(metrics.status() == 401 && metrics.headers().contains_key(WWW_AUTHENTICATE));

    let before = visitor.cookie.clone();
    let answer = visitor.submit("/login", "/login", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 303);
    assert_ne!(visitor.cookie, before, "the session of a sign-in is a new one");
    visitor.page("/integrations").await;

    let answer = visitor.submit("/integrations", "/logout", &[]).await;
    assert_eq!(answer.headers()["location"], "/login");
    assert_eq!(visitor.get("/integrations").await.status(), 303);
    let scraped = visitor
        .request(Method::GET, "/metrics")
        .basic_auth("prometheus", Some(PASSWORD))
        .send()
        .await
        .unwrap();
    assert!(scraped.text().await.unwrap().contains("deskmeter_connected{connection=\"acme\"} 0"));
    console.stop().await;
}

fn wait_of(answer: &Response) -> u64 {
    assert_eq!(answer.status(), 429);
    answer.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_sixth_wrong_password_has_to_wait() {
    let console = Console::lonely(Some(PASSWORD)).await;
    for number in 0..5 {
        // Without a proxy nobody else says who asks.
        let mut visitor = console.visitor_for(&format!("203.0.113.{number}"));
        let answer = visitor.signs_in(WRONG).await;
        assert_eq!(answer.status(), 401);
        assert!(!answer.headers().contains_key(SET_COOKIE));
    }
    let answer = console.visitor().signs_in(PASSWORD).await;
    assert!(wait_of(&answer) > 800, "even the right one");
    assert!(answer.text().await.unwrap().contains("Try again in 15 minutes."));
    console.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_wrong_passwords_hold_up_nobody_else() {
    let console = Console::behind_a_proxy().await;
    for number in 0..5 {
        // What stands before the last address is the visitor's own claim.
        let mut guesser = console.visitor_for(&format!("198.51.100.{number}, 203.0.113.7"));
        assert_eq!(guesser.signs_in(WRONG).await.status(), 401, "{number}");
    }
    assert!(wait_of(&console.visitor_for("203.0.113.7").signs_in(PASSWORD).await) > 800);
    assert_eq!(console.visitor_for("203.0.113.8").signs_in(PASSWORD).await.status(), 303);
    console.stop().await;
}

#[tokio::test]
async fn addresses_without_end_buy_ten_guesses_a_minute() {
    let console = Console::behind_a_proxy().await;
    let mut colleague = console.visitor_for("192.0.2.1");
    assert_eq!(colleague.signs_in(PASSWORD).await.status(), 303);
    for number in 0..10 {
        let mut guesser = console.visitor_for(&format!("203.0.113.{number}"));
        assert_eq!(guesser.signs_in(WRONG).await.status(), 401, "{number}");
    }
    assert!(wait_of(&console.visitor_for("203.0.113.10").signs_in(WRONG).await) <= 60);
    // Neither a session nor an address that knew the password before is held up.
    colleague.page("/integrations").await;
    assert_eq!(console.visitor_for("192.0.2.1").signs_in(PASSWORD).await.status(), 303);
    console.stop().await;
}

#[tokio::test]
async fn a_large_body_is_refused_and_one_at_the_limit_is_read() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    visitor.page("/integrations").await;
    let sent = async |size: usize| {
        let request = visitor.request(Method::POST, "/integrations/acme/sync");
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .body("a".repeat(size))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(sent(16 << 10).await.status(), 403);
    assert_eq!(sent((16 << 10) + 1).await.status(), 413);
    console.stop().await;
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    for path in [
        "/assets/..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/app.css%00.html",
        "/c/..%2f..%2fetc/overview",
        "/c/acme/sql/..%2f..%2fas_of",
        "/c/acme/data/as_of.csv",
        "/c/acme/data/overview_flow",
        "/integrations/%2e%2e%2fstate",
    ] {
        assert_eq!(visitor.get(path).await.status(), 404, "{path}");
    }
    console.stop().await;
}

#[tokio::test]
async fn filters_take_no_sql_and_are_not_repeated() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    let evil = "1%20or%201=1;drop--%3Cscript%3E";
    for key in ["period", "from", "group", "priority", "channel"] {
        for path in ["/c/acme/overview", "/c/acme/sql/overview_flow", "/c/acme/data/overview_flow.csv"] {
            let answer = visitor.get(&format!("{path}?{key}={evil}")).await;
            assert_eq!(answer.status(), 400, "{path} {key}");
            let text = answer.text().await.unwrap();
            assert!(!text.contains("drop--") && !text.contains("<script>"), "{path} {key}");
        }
    }
    console.stop().await;
}

#[tokio::test]
async fn every_page_tells_the_browser_to_trust_only_this_server() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    for path in [
        "/integrations",
        "/integrations/acme",
        "/integrations/acme/connect",
        "/c/acme/sla",
        "/nothing",
        "/healthz",
    ] {
        let answer = visitor.get(path).await;
        let headers = answer.headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let is_report = path.starts_with("/c/");
        assert_eq!(headers["cache-control"], if is_report { "private, no-cache" } else { "no-store" });
        let page = answer.text().await.unwrap();
        assert!(
            !page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick="),
            "{path}"
        );
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=\"/assets/app.js\" defer>").count()
        );
    }
    console.stop().await;
}

#[tokio::test]
async fn an_answer_from_zendesk_without_a_question_connects_nothing() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    visitor.page("/integrations").await;
    assert_eq!(visitor.get("/oauth/callback?code=abc&state=def").await.status(), 400);
    let answer = visitor.get("/oauth/finish").await;
    assert_eq!(answer.headers()["location"], "/integrations");
    // A person was sent away; another browser brings an answer with another state.
    let answer = visitor.submit("/integrations/acme/connect", "/integrations/acme/connect", &[]).await;
    assert_eq!(answer.status(), 200);
    let mut other = console.visitor();
    assert_eq!(other.get("/oauth/callback?code=abc&state=def").await.status(), 400);
    console.stop().await;
}

#[tokio::test]
async fn a_link_from_another_site_does_not_sign_anyone_out() {
    let console = Console::lonely(Some(PASSWORD)).await;
    let visitor = console.visitor();
    let followed =
        visitor.request(Method::GET, "/c/acme/sla?period=30d").header("sec-fetch-site", "cross-site");
    let answer = followed.send().await.unwrap();
    assert!(answer.status() == 200 && !answer.headers().contains_key(SET_COOKIE));
    assert!(answer.text().await.unwrap().contains("url=/c/acme/sla?period=30d\""));
    console.stop().await;
}

#[tokio::test]
async fn a_sender_that_never_ends_is_sent_away() {
    let console = Console::impatient().await;
    let address = console.base.strip_prefix("http://").unwrap().to_owned();
    let slow_head = "GET /integrations HTTP/1.1\r\nHost: ".to_owned();
    let slow_body = format!("POST /login HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\n\r\na");
    for (sent, answer) in [(slow_head, ""), (slow_body, "HTTP/1.1 408")] {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        connection.write_all(sent.as_bytes()).await.unwrap();
        let mut told = String::new();
        connection.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with(answer) && (!answer.is_empty() || told.is_empty()), "{told}");
    }
    console.stop().await;
}

#[tokio::test]
async fn a_session_that_somebody_planted_is_not_the_one_that_signs_in() {
    let console = Console::lonely(Some(PASSWORD)).await;
    let mut attacker = console.visitor();
    attacker.page("/login").await;
    let planted = attacker.cookie.clone();
    let mut victim = console.visitor();
    victim.cookie.clone_from(&planted);
    victim.submit("/login", "/login", &[("password", PASSWORD)]).await;
    assert_ne!(victim.cookie, planted);
    assert_eq!(attacker.get("/integrations").await.status(), 303, "it is as good as none");
    let made_up = format!("deskmeter_session={}", "A".repeat(43));
    attacker.cookie = made_up;
    assert_eq!(attacker.get("/integrations").await.status(), 303);
    console.stop().await;
}

#[tokio::test]
async fn a_head_or_an_address_without_end_is_refused() {
    let console = Console::lonely(None).await;
    let visitor = console.visitor();
    let long = visitor.request(Method::GET, &format!("/integrations?notice={}", "a".repeat(4 << 10)));
    assert_eq!(long.send().await.unwrap().status(), 414);
    let large = visitor.request(Method::GET, "/integrations").header("x-large", "a".repeat(64 << 10));
    assert!(large.send().await.map_or(431, |answer| answer.status().as_u16()) == 431);
    console.stop().await;
}
