//! AWS profiles: `~/.aws/credentials` and `~/.aws/config`, as the AWS tools write them
//! (docs.aws.amazon.com/sdkref/latest/guide/file-format.html). Read are keys, region, endpoint and a role by web
//! identity; what needs another program or a login is refused with the command that helps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Error;

/// Settings of a profile that are read, and what the store calls them.
const SETTINGS: [(&str, &str); 8] = [
    ("aws_access_key_id", "aws_access_key_id"),
    ("aws_secret_access_key", "aws_secret_access_key"),
    ("aws_session_token", "aws_session_token"),
    ("region", "aws_region"),
    ("endpoint_url", "aws_endpoint_url"),
    ("role_arn", "aws_role_arn"),
    ("role_session_name", "aws_role_session_name"),
    ("web_identity_token_file", "aws_web_identity_token_file"),
];

/// Settings by which a profile gets its keys elsewhere.
const ELSEWHERE: [&str; 5] =
    ["source_profile", "credential_source", "credential_process", "sso_session", "sso_start_url"];

/// Options of the profile that `AWS_PROFILE` names, else of `default`. `has_keys` tells that the environment holds
/// keys already: of the profile, region and endpoint are all that counts then.
pub(crate) fn options(
    environment: &dyn Fn(&str) -> Option<String>,
    has_keys: bool,
) -> Result<BTreeMap<String, String>, Error> {
    let named = environment("AWS_PROFILE").or_else(|| environment("AWS_DEFAULT_PROFILE"));
    let profile = named.as_deref().unwrap_or("default");
    let file = |variable: &str, default: &str| {
        let home = || Some(PathBuf::from(environment("HOME")?).join(".aws").join(default));
        environment(variable).map(PathBuf::from).or_else(home)
    };
    let config = section(file("AWS_CONFIG_FILE", "config").as_deref(), profile, true)?;
    let credentials = section(file("AWS_SHARED_CREDENTIALS_FILE", "credentials").as_deref(), profile, false)?;
    if named.is_some() && config.is_none() && credentials.is_none() {
        return Err(refused(profile, "is in neither the credentials nor the config file"));
    }
    let mut settings = config.unwrap_or_default();
    settings.extend(credentials.unwrap_or_default());
    if has_keys {
        settings.retain(|name, _| name == "region" || name == "endpoint_url");
    } else if !settings.contains_key("aws_access_key_id")
        && let Some(way) = ELSEWHERE.into_iter().find(|way| settings.contains_key(*way))
    {
        let reason = format!(
            "gets its keys by {way}: hand them in with `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`"
        );
        return Err(refused(profile, &reason));
    }
    let read = SETTINGS.into_iter().filter_map(|(name, key)| Some((key.to_owned(), settings.remove(name)?)));
    Ok(read.collect())
}

fn refused(profile: &str, reason: &str) -> Error {
    Error::Credentials { reason: format!("AWS profile {profile} {reason}") }
}

/// The settings of a profile in a file; None when there is no such file or profile. In the config file the names of
/// profiles other than `default` have the word `profile` before them.
fn section(
    file: Option<&Path>,
    profile: &str,
    is_config: bool,
) -> Result<Option<BTreeMap<String, String>>, Error> {
    let Some(file) = file else { return Ok(None) };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::storage("read", file.display(), &error)),
    };
    let mut found = None;
    let mut is_inside = false;
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.split(']').next().unwrap_or_default().trim();
            let own =
                name.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim);
            is_inside = if is_config && profile != "default" {
                own == Some(profile)
            } else {
                own.unwrap_or(name) == profile
            };
            if is_inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, Some(settings), Some((name, value))) = (is_inside, found.as_mut(), setting(line))
        {
            settings.insert(name, value);
        }
    }
    Ok(found)
}

/// `name = value`; None for comments, and for indented lines, which belong to a nested setting.
fn setting(line: &str) -> Option<(String, String)> {
    if line.starts_with([' ', '\t', '#', ';']) {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    let value =
        value.split(" #").next().and_then(|value| value.split(" ;").next()).unwrap_or_default().trim();
    (!value.is_empty()).then(|| (name.trim().to_ascii_lowercase(), value.to_owned()))
}
