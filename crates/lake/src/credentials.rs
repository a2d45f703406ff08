//! Who we are to a cloud: its usual environment variables become the store's options.

use std::collections::BTreeMap;

use crate::{Error, aws_profile, location};

/// Variables that the store reads under its own names: keys, tokens, region, endpoint, and the ways to a role without
/// a key (web identity, containers; a machine's own identity is asked for when nothing else is there).
const AWS: [&str; 24] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ALLOW_HTTP",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
    "AWS_SERVER_SIDE_ENCRYPTION",
    "AWS_SSE_KMS_KEY_ID",
    "AWS_SSE_BUCKET_KEY_ENABLED",
    "AWS_REQUEST_PAYER",
    "AWS_SKIP_SIGNATURE",
    "AWS_CHECKSUM_ALGORITHM",
];

const GOOGLE: [&str; 5] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SKIP_SIGNATURE",
];

const AZURE: [&str; 17] = [
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_STORAGE_USE_EMULATOR",
    "AZURE_ALLOW_HTTP",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_AUTHORITY_HOST",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_MSI_ENDPOINT",
    "AZURE_OBJECT_ID",
    "AZURE_MSI_RESOURCE_ID",
    "AZURE_USE_AZURE_CLI",
    "AZURE_SKIP_SIGNATURE",
];

/// Names that Azure's own tools use, and what the store calls them.
const AZURE_ALIASES: [(&str, &str); 3] = [
    ("AZURE_STORAGE_ACCOUNT", "azure_storage_account_name"),
    ("AZURE_STORAGE_KEY", "azure_storage_account_key"),
    ("IDENTITY_ENDPOINT", "azure_msi_endpoint"),
];

/// Parts of `AZURE_STORAGE_CONNECTION_STRING` that are read.
const CONNECTION_STRING: [(&str, &str); 4] = [
    ("AccountName", "azure_storage_account_name"),
    ("AccountKey", "azure_storage_account_key"),
    ("SharedAccessSignature", "azure_storage_sas_token"),
    ("BlobEndpoint", "azure_storage_endpoint"),
];

/// Options for [`object_store`](crate::object_store) from the environment, for the cloud that the URL names: its usual
/// variables, for AWS the profile of `AWS_PROFILE` too. A variable counts more than a file. Nothing for local disk.
pub fn credentials(
    url: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Error> {
    match location::parse(url)?.scheme() {
        "s3" => {
            let named = named(&AWS, environment);
            let mut options = aws_profile::options(environment, named.contains_key("aws_access_key_id"))?;
            options.extend(named);
            Ok(options)
        }
        "gs" => Ok(named(&GOOGLE, environment)),
        "az" => {
            let string = environment("AZURE_STORAGE_CONNECTION_STRING").unwrap_or_default();
            let mut options = connection_string(&string);
            let aliases = AZURE_ALIASES.into_iter();
            options.extend(aliases.filter_map(|(name, key)| Some((key.to_owned(), environment(name)?))));
            options.extend(named(&AZURE, environment));
            Ok(options)
        }
        _ => Ok(BTreeMap::new()),
    }
}

fn named(names: &[&str], environment: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    names.iter().filter_map(|name| Some((name.to_ascii_lowercase(), environment(name)?))).collect()
}

/// `Name=value;…`. The key is base64 and may end in equals signs.
fn connection_string(text: &str) -> BTreeMap<String, String> {
    let parts = text.split(';').filter_map(|part| part.trim().split_once('='));
    let mut options = BTreeMap::new();
    for (name, value) in parts {
        let read = CONNECTION_STRING.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((_, key)) = read {
            options.insert((*key).to_owned(), value.to_owned());
        }
        if name.eq_ignore_ascii_case("UseDevelopmentStorage") {
            options.insert("azure_storage_use_emulator".to_owned(), value.to_owned());
        }
        if name.eq_ignore_ascii_case("BlobEndpoint") && value.starts_with("http:") {
            options.insert("azure_allow_http".to_owned(), "true".to_owned());
        }
    }
    options
}
