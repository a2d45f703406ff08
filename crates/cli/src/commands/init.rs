//! `init`: a pipeline file to start from.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use deskmeter_pipeline::PipelineFile;

use super::{Usage, println, shell_word};
use crate::args::{Global, InitArgs};
use crate::exit_code::Exit;

/// Variable that the file names for the sealing key.
const KEY_ENV: &str = "DESKMETER_KEY";
/// Port of the callback that the file asks to register with the OAuth client.
const CALLBACK_PORT: u16 = 8766;

pub(crate) fn run(global: &Global, args: &InitArgs) -> Result<Exit> {
    let path = &global.pipeline;
    if path.exists() {
        let what =
            format!("{} is there already: it is not written over; name another with -p FILE", path.display());
        return Err(Usage(what).into());
    }
    let answers = Answers::gather(args)?;
    let text = answers.to_toml();
    let folder = path.parent().unwrap_or(Path::new("."));
    PipelineFile::parse(&text, folder).map_err(|problems| {
        let problems = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ");
        Usage(format!("the answers make no pipeline file, and none was written:\n  {problems}"))
    })?;
    // Created as new: a file that someone else wrote meanwhile stays.
    let mut file = std::fs::File::create_new(path).with_context(|| format!("create {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("write {}", path.display()))?;
    println(&what_next(path))?;
    Ok(Exit::Ok)
}

/// What the file is made of.
struct Answers {
    base_url: String,
    name: String,
    client_id: String,
    lake: String,
    state: String,
    start_date: String,
    time_zone: String,
}

impl Answers {
    /// From the options; what they leave out is asked on a terminal and has its default elsewhere.
    fn gather(args: &InitArgs) -> Result<Self> {
        let is_asking = io::stdin().is_terminal() && io::stdout().is_terminal();
        let answer = |given: &Option<String>, question: &str, default: &str| match given {
            Some(given) => Ok(given.clone()),
            None if is_asking => ask(question, default),
            None => Ok(default.to_owned()),
        };
        let account = answer(&args.account, "Zendesk account (acme or https://acme.zendesk.com)", "")?;
        if account.is_empty() {
            return Err(Usage("name the account: deskmeter init --account SUBDOMAIN".into()).into());
        }
        let base_url = base_url(&account);
        Ok(Self {
            name: answer(&args.name, "Name of the connection", &subdomain(&base_url))?,
            client_id: answer(&args.client_id, "Unique identifier of your OAuth client", "deskmeter")?,
            lake: answer(&args.lake, "Lake: a folder, or s3://, gs://, az://", "lake")?,
            state: answer(&args.state, "State (sealed tokens, receipts): a folder or URL", "state")?,
            start_date: answer(&args.start_date, "First day to read, YYYY-MM-DD (empty: everything)", "")?,
            time_zone: answer(
                &args.time_zone,
                "Time zone of your business hours, for example Europe/Madrid (empty: none)",
                "",
            )?,
            base_url,
        })
    }

    /// The file. Texts are written as TOML strings, whatever is in them.
    fn to_toml(&self) -> String {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        let mut file = format!(
            "# One Zendesk account. `deskmeter schema` prints a JSON Schema for editors; unknown keys are errors.\n\n\
             [connection]\n\
             name = {}          # folder of the connection in the lake\n\
             base_url = {}\n\
             client_id = {}     # unique identifier of the OAuth client: Admin Center, APIs, OAuth clients\n\
             callback_port = {CALLBACK_PORT}     # register http://127.0.0.1:{CALLBACK_PORT}/callback as its redirect URL\n\
             # client_secret_env = \"ZENDESK_CLIENT_SECRET\"   # names a variable; only for confidential clients\n\
             # quota_percent = 80     # share of the account's rate limit\n\n\
             [lake]\nurl = {}          # a folder beside this file, file:///…, s3://…, gs://… or az://…\n\n\
             [state]\nurl = {}         # sealed tokens, leases, receipts; never inside the lake\n\
             key_env = \"{KEY_ENV}\"     # names the variable that holds the output of: openssl rand -base64 32\n\n",
            text(&self.name),
            text(&self.base_url),
            text(&self.client_id),
            text(&self.lake),
            text(&self.state),
        );
        let _ = match self.start_date.as_str() {
            "" => write!(
                file,
                "# [sync]\n# start_date = \"2025-01-01\"     # first day that is read; everything when left out\n\n"
            ),
            day => write!(file, "[sync]\nstart_date = {}     # first day that is read\n\n", text(day)),
        };
        let (mark, zone) = match self.time_zone.as_str() {
            "" => ("# ", "Europe/Madrid"),
            zone => ("", zone),
        };
        let zone = text(zone);
        let days =
            ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day} = [\"09:00-17:00\"]")).join(", ");
        let _ = write!(
            file,
            "# Business hours; Zendesk's own cannot be read with our permissions. Without them business-time columns are NULL.\n\
             {mark}[[schedules]]\n{mark}name = \"default\"\n{mark}time_zone = {zone}\n{mark}weekly = {{ {days} }}\n\
             {mark}holidays = []     # \"2026-12-25\", \"2026-12-24..2026-12-26\", in every year \"12-25\"\n\n\
             # Support tiers, for escalations: a move to a higher tier is one.\n\
             # [tiers]\n# 36000000000002 = 1\n# 36000000000005 = 2\n\n\
             # Each run ends with publishing every mart to a PostgreSQL database.\n\
             # [publish]\n# url_env = \"DESKMETER_DATABASE_URL\"     # names a variable with a postgres:// URL\n# reader_role = \"bi\"\n"
        );
        file
    }
}

/// One question; an empty answer is the default.
fn ask(question: &str, default: &str) -> Result<String> {
    let mut stdout = io::stdout().lock();
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    write!(stdout, "{question}{shown}: ").and_then(|()| stdout.flush()).context("ask")?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).context("read the answer")? == 0 {
        return Err(Usage("nothing was written".into()).into());
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
}

/// `acme`, `acme.zendesk.com` and whole addresses as an address.
fn base_url(account: &str) -> String {
    let account = account.trim().trim_end_matches('/');
    match account {
        whole if whole.contains("://") => whole.to_owned(),
        host if host.contains('.') => format!("https://{host}"),
        subdomain => format!("https://{subdomain}.zendesk.com"),
    }
}

/// What stands before the first dot, as far as a connection may be called so.
fn subdomain(base_url: &str) -> String {
    let host = base_url.split_once("://").map_or(base_url, |(_, host)| host);
    let first = host.split(['.', ':', '/']).next().unwrap_or_default().to_lowercase();
    if first.chars().all(|c| c.is_ascii_digit()) { "desk".to_owned() } else { first }
}

fn what_next(path: &Path) -> String {
    let option = if path == Path::new(crate::env::PIPELINE_DEFAULT) {
        String::new()
    } else {
        format!(" -p {}", shell_word(path))
    };
    format!(
        "{} is written. Next:\n  \
         1. in Zendesk's Admin Center (Apps and integrations, APIs, OAuth clients) add a public client with the\n     \
         redirect URL http://127.0.0.1:{CALLBACK_PORT}/callback and the scopes tickets:read users:read organizations:read\n  \
         2. export {KEY_ENV}=$(openssl rand -base64 32)     and keep it where you keep secrets\n  \
         3. deskmeter validate{option}\n  4. deskmeter connect{option} && deskmeter sync{option}",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(account: &str, url: &str, name: &str) {
        assert_eq!(base_url(account), url);
        assert_eq!(subdomain(url), name);
    }

    #[test]
    fn an_account_is_understood_however_it_is_written() {
        check("acme", "https://acme.zendesk.com", "acme");
        check("Acme.zendesk.com/", "https://Acme.zendesk.com", "acme");
        check("https://help-desk.zendesk.com", "https://help-desk.zendesk.com", "help-desk");
        check("http://127.0.0.1:8765", "http://127.0.0.1:8765", "desk");
    }
}
