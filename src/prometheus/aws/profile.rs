//! The shared AWS files and a profile's name into a plan: where credentials come from, and the roles assumed with them.
//!
//! The rules are aws-sdk-go's (1.55.8, `session/shared_config.go` `setFromIniFiles` and `session/credentials.go`
//! `resolveCredsFromProfile`) with three differences. The config file is always read, there only with
//! `AWS_SDK_LOAD_CONFIG`. It names its profiles `[profile x]`, the credentials file `[x]`, as AWS's guide says; there both
//! names hold in both. A profile that was asked for by name and is in no file is refused; there the machine's own
//! credentials would sign.
//!
//! Not here: `credential_process`, SSO and MFA. They start programs, want a browser or a person, and are refused in words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::environment::{AwsEnvironment, Keys};
use super::files::{self, FileError};
use super::ini::{self, IniError, Sections};

/// The profile when none is asked for.
const DEFAULT: &str = "default";

/// Why the shared files gave no plan.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A shared file could not be read.
    #[error("AWS shared file")]
    File(#[from] FileError),
    /// A shared file is not of its form.
    #[error("AWS shared file `{}`", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The line.
        source: IniError,
    },
    /// No such profile.
    #[error("AWS profile `{0}`: is neither in the config nor in the credentials file")]
    Missing(String),
    /// A way to credentials that is not offered here.
    #[error(
        "AWS profile `{profile}`: `{setting}` is not supported; use keys, a role or a web identity"
    )]
    Unsupported {
        /// The profile.
        profile: String,
        /// Its setting.
        setting: &'static str,
    },
    /// A setting that needs `role_arn` stands without it.
    #[error("AWS profile `{profile}`: `{setting}` needs `role_arn`")]
    NoRole {
        /// The profile.
        profile: String,
        /// Its setting.
        setting: &'static str,
    },
    /// More than one of the settings that say where credentials come from.
    #[error(
        "AWS profile `{0}`: expected one of `source_profile`, `credential_source`, `credential_process` and `web_identity_token_file`, found several"
    )]
    Several(String),
    /// `credential_source` holds another word.
    #[error(
        "AWS profile `{0}`: `credential_source`: expected `Environment`, `EcsContainer` or `Ec2InstanceMetadata`"
    )]
    CredentialSource(String),
    /// A `source_profile` without credentials.
    #[error("AWS profile `{0}`: is another's `source_profile` but holds no credentials")]
    NoCredentials(String),
}

/// Where the first credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Keys(Keys),
    /// The keys of the environment, by the profile's word.
    Environment,
    Container,
    Instance,
    WebIdentity(WebIdentity),
    /// The profile says nothing: the container's endpoint if there is one, else the instance.
    Machine,
}

/// A token of Kubernetes or another issuer and the role it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebIdentity {
    pub(super) token_file: PathBuf,
    pub(super) role: Role,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    /// Seconds; AWS's least, 900, unless more is set (`credsFromAssumeRole`).
    pub(super) duration: Option<u32>,
}

/// A way to credentials: the source, then role after role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) source: Source,
    pub(super) roles: Vec<Role>,
}

/// Both shared files.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    config: Sections,
    credentials: Sections,
}

impl Profiles {
    /// Reads both; one that is not there is empty.
    pub(super) async fn load(environment: &AwsEnvironment) -> Result<Self, ProfileError> {
        let home = environment.home.as_ref().map(PathBuf::from);
        let sections = async |set: &Option<String>, name: &str| {
            let (path, asked_for) = match (set, &home) {
                (Some(path), _) => (PathBuf::from(path), true),
                (None, Some(home)) => (home.join(".aws").join(name), false),
                (None, None) => return Ok(Sections::new()),
            };
            match files::text(path.clone()).await {
                Ok(text) => ini::parse(&text).map_err(|source| ProfileError::Form { path, source }),
                // Images run as users whose home is another's: that says nothing about AWS.
                Err(error) if error.is_absent() && !asked_for => Ok(Sections::new()),
                Err(error) => Err(error.into()),
            }
        };
        Ok(Profiles {
            config: sections(&environment.config_file, "config").await?,
            credentials: sections(&environment.shared_credentials_file, "credentials").await?,
        })
    }

    /// The region of the profile `name`, or of the default one.
    pub(super) fn region(&self, name: Option<&str>) -> Option<String> {
        let profile = self.profile(name.unwrap_or(DEFAULT))?;
        profile.text("region")
    }

    /// The way to the credentials of the profile `name`, or of the default one.
    pub(super) fn plan(&self, name: Option<&str>) -> Result<Plan, ProfileError> {
        let mut profile = match (self.profile(name.unwrap_or(DEFAULT)), name) {
            (Some(profile), _) => profile,
            (None, Some(name)) => return Err(ProfileError::Missing(name.into())),
            (None, None) => {
                return Ok(Plan {
                    source: Source::Machine,
                    roles: Vec::new(),
                });
            }
        };
        let mut roles = Vec::new();
        let mut seen = Vec::new();
        let mut is_source = false;
        loop {
            profile.check()?;
            seen.push(profile.name.clone());
            let Some(next) = profile.text("source_profile") else {
                break;
            };
            roles.extend(profile.role()?);
            let known = self.profile(&next);
            profile = known.ok_or(ProfileError::Missing(next))?;
            is_source = true;
            // A profile that comes again gives its own credentials only: `source_profile = itself` is common.
            if seen.contains(&profile.name) {
                profile.forget_role();
                break;
            }
        }
        let source = profile.source()?;
        if source == Source::Machine && is_source {
            return Err(ProfileError::NoCredentials(profile.name));
        }
        if !matches!(source, Source::WebIdentity(_)) {
            roles.extend(profile.role()?);
        }
        // Walked from the outermost role inwards; assumed the other way.
        roles.reverse();
        Ok(Plan { source, roles })
    }

    fn profile(&self, name: &str) -> Option<Profile> {
        let in_config =
            self.config
                .iter()
                .filter(|(section, _)| match section.strip_prefix("profile ") {
                    Some(rest) => rest.trim_matches(['"', '\'']) == name,
                    None => *section == DEFAULT && name == DEFAULT,
                });
        let mut found = false;
        let mut settings = BTreeMap::new();
        // The credentials file comes last: it wins.
        for (_, section) in in_config.chain(self.credentials.get_key_value(name)) {
            found = true;
            settings.extend(
                section
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        found.then(|| Profile {
            name: name.to_owned(),
            settings,
        })
    }
}

struct Profile {
    name: String,
    settings: BTreeMap<String, String>,
}

impl Profile {
    fn text(&self, key: &str) -> Option<String> {
        self.settings
            .get(key)
            .filter(|value| !value.is_empty())
            .cloned()
    }

    fn check(&self) -> Result<(), ProfileError> {
        let origins = [
            "source_profile",
            "credential_source",
            "credential_process",
            "web_identity_token_file",
        ];
        let set: Vec<&'static str> = origins
            .into_iter()
            .filter(|key| self.text(key).is_some())
            .collect();
        match set[..] {
            [] | ["credential_process"] => Ok(()),
            [setting] if self.text("role_arn").is_none() => Err(ProfileError::NoRole {
                profile: self.name.clone(),
                setting,
            }),
            [_] => Ok(()),
            _ => Err(ProfileError::Several(self.name.clone())),
        }
    }

    fn forget_role(&mut self) {
        for key in [
            "role_arn",
            "external_id",
            "mfa_serial",
            "role_session_name",
            "source_profile",
        ] {
            self.settings.remove(key);
        }
    }

    fn unsupported(&self, setting: &'static str) -> ProfileError {
        ProfileError::Unsupported {
            profile: self.name.clone(),
            setting,
        }
    }

    fn role(&self) -> Result<Option<Role>, ProfileError> {
        let Some(arn) = self.text("role_arn") else {
            return Ok(None);
        };
        if self.text("mfa_serial").is_some() {
            return Err(self.unsupported("mfa_serial"));
        }
        Ok(Some(Role {
            arn,
            session_name: self.text("role_session_name"),
            external_id: self.text("external_id"),
            duration: self
                .text("duration_seconds")
                .and_then(|seconds| seconds.parse().ok())
                .filter(|seconds| *seconds > 900),
        }))
    }

    fn source(&self) -> Result<Source, ProfileError> {
        let keys = || {
            Some(Keys {
                access_key_id: self.text("aws_access_key_id")?,
                secret_access_key: self.text("aws_secret_access_key")?,
                session_token: self.text("aws_session_token"),
            })
        };
        if let Some(keys) = keys() {
            return Ok(Source::Keys(keys));
        }
        if let Some(word) = self.text("credential_source") {
            return match word.as_str() {
                "Environment" => Ok(Source::Environment),
                "EcsContainer" => Ok(Source::Container),
                "Ec2InstanceMetadata" => Ok(Source::Instance),
                _ => Err(ProfileError::CredentialSource(self.name.clone())),
            };
        }
        if let Some(file) = self.text("web_identity_token_file") {
            let role = self.role()?.ok_or_else(|| ProfileError::NoRole {
                profile: self.name.clone(),
                setting: "web_identity_token_file",
            })?;
            return Ok(Source::WebIdentity(WebIdentity {
                token_file: file.into(),
                role,
            }));
        }
        for setting in ["sso_session", "sso_start_url", "credential_process"] {
            if self.text(setting).is_some() {
                return Err(self.unsupported(setting));
            }
        }
        Ok(Source::Machine)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;

    fn profiles() -> Profiles {
        Profiles {
            config: ini::parse(CONFIG).unwrap(),
            credentials: ini::parse(CREDENTIALS).unwrap(),
        }
    }

    fn keys(id: &str) -> Source {
        Source::Keys(Keys {
            access_key_id: id.into(),
            secret_access_key: "s".into(),
            session_token: None,
        })
    }

    fn role(arn: &str) -> Role {
        Role {
            arn: arn.into(),
            ..Role::default()
        }
    }

    const CONFIG: &str = "
[default]
region = eu-west-1
[profile keys]
aws_access_key_id = K
aws_secret_access_key = s
region = eu-north-1
[profile 'quoted name']
aws_access_key_id = Q
aws_secret_access_key = s
[profile half]
aws_access_key_id = K
[profile one]
role_arn = arn:one
source_profile = keys
external_id = x
role_session_name = me
duration_seconds = 3600
[profile two]
role_arn = arn:two
source_profile = one
[profile self]
role_arn = arn:self
source_profile = self
aws_access_key_id = S
aws_secret_access_key = s
[profile ring-a]
role_arn = arn:a
source_profile = ring-b
[profile ring-b]
role_arn = arn:b
source_profile = ring-a
[profile web]
role_arn = arn:web
web_identity_token_file = /token
[profile over-web]
role_arn = arn:over
source_profile = web
[profile env]
role_arn = arn:env
credential_source = Environment
[profile bare-role]
role_arn = arn:bare
[profile sso]
sso_session = s
[profile process]
credential_process = /bin/x
[profile mfa]
role_arn = arn:mfa
mfa_serial = 1
source_profile = keys
[profile no-role]
source_profile = keys
[profile several]
role_arn = arn:x
source_profile = keys
credential_source = Environment
[profile bad-source]
role_arn = arn:x
credential_source = Elsewhere
[profile dangling]
role_arn = arn:x
source_profile = nowhere
[profile on-empty]
role_arn = arn:x
source_profile = default
[nameless]
region = x
";
    const CREDENTIALS: &str = "
[keys]
aws_access_key_id = C
aws_secret_access_key = s
[profile keys]
aws_access_key_id = P
";

    #[test]
    fn plans() {
        let profiles = profiles();
        let one = Role {
            arn: "arn:one".into(),
            session_name: Some("me".into()),
            external_id: Some("x".into()),
            duration: Some(3600),
        };
        let web = || {
            Source::WebIdentity(WebIdentity {
                token_file: "/token".into(),
                role: role("arn:web"),
            })
        };
        for (name, source, roles) in [
            (None, Source::Machine, vec![]),
            (Some("keys"), keys("C"), vec![]),
            (Some("quoted name"), keys("Q"), vec![]),
            (Some("half"), Source::Machine, vec![]),
            (Some("one"), keys("C"), vec![one.clone()]),
            (Some("two"), keys("C"), vec![one, role("arn:two")]),
            (Some("self"), keys("S"), vec![role("arn:self")]),
            (Some("web"), web(), vec![]),
            (Some("over-web"), web(), vec![role("arn:over")]),
            (Some("env"), Source::Environment, vec![role("arn:env")]),
            (Some("bare-role"), Source::Machine, vec![role("arn:bare")]),
        ] {
            let plan = profiles.plan(name).unwrap();
            assert_eq!(plan, Plan { source, roles }, "{name:?}");
        }
        assert_eq!(profiles.region(None).as_deref(), Some("eu-west-1"));
        assert_eq!(profiles.region(Some("keys")).as_deref(), Some("eu-north-1"));
        assert_eq!(profiles.region(Some("one")), None);
        let nothing = Profiles::default().plan(None).unwrap();
        assert_eq!(nothing.source, Source::Machine);
    }

    #[test]
    fn refusals() {
        let profiles = profiles();
        for (name, words) in [
            (
                "nowhere",
                "is neither in the config nor in the credentials file",
            ),
            (
                "nameless",
                "is neither in the config nor in the credentials file",
            ),
            (
                "sso",
                "`sso_session` is not supported; use keys, a role or a web identity",
            ),
            (
                "process",
                "`credential_process` is not supported; use keys, a role or a web identity",
            ),
            (
                "mfa",
                "`mfa_serial` is not supported; use keys, a role or a web identity",
            ),
            ("no-role", "`source_profile` needs `role_arn`"),
            (
                "several",
                "expected one of `source_profile`, `credential_source`, `credential_process` and `web_identity_token_file`, found several",
            ),
            (
                "bad-source",
                "`credential_source`: expected `Environment`, `EcsContainer` or `Ec2InstanceMetadata`",
            ),
        ] {
            let told = profiles.plan(Some(name)).unwrap_err().to_string();
            assert_eq!(told, format!("AWS profile `{name}`: {words}"));
        }
        for (name, other) in [
            ("dangling", "nowhere"),
            ("on-empty", "default"),
            ("ring-a", "ring-a"),
        ] {
            let told = profiles.plan(Some(name)).unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("AWS profile `{other}`: is ")),
                "{told}"
            );
        }
    }
}
