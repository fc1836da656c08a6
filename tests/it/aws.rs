//! The AWS credential chain against loopback endpoints that answer as the container's, the instance's and STS do.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use promql_guard::prometheus::aws::{AwsEnvironment, CredentialChain, CredentialError};
use promql_guard::prometheus::sigv4::SigV4;
use promql_guard::text::chain::chain as one_line;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// 2026-03-04T05:06:07Z.
const NOW: u64 = 1_772_600_767;
/// In every secret of these tests, so that none of them can be in a text without being found.
const SECRET: &str = "S3CRET";

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + seconds)
}

/// One endpoint: what it was asked, and what it answers to a method and path.
struct Endpoint {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// Answers status and body by the whole request, in which header names are in lower case.
    async fn new(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = request(&mut stream).await;
                let (status, body) = answer(&request);
                log.lock().unwrap().push(request);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                stream.write_all((head + &body).as_bytes()).await.ok();
            }
        });
        Endpoint { url, asked }
    }

    /// What was asked since the last look.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return text;
        }
    }
}

fn chain(environment: AwsEnvironment) -> CredentialChain {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let client = || {
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    };
    CredentialChain::new(environment, client(), client())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn keys() -> AwsEnvironment {
    AwsEnvironment {
        access_key_id: some("AKIDENV"),
        secret_access_key: some("S3CRET-env"),
        region: some("eu-west-1"),
        ..AwsEnvironment::default()
    }
}

fn with_role(arn: &str) -> SigV4 {
    SigV4 {
        role_arn: some(arn),
        ..SigV4::default()
    }
}

fn document(id: &str, expiry: SystemTime) -> (u16, String) {
    let expiry = jiff::Timestamp::try_from(expiry).unwrap();
    let body = format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"S3CRET-{id}","Token":"S3CRET-token","Expiration":"{expiry}"}}"#
    );
    (200, body)
}

fn sts_answer(id: &str, expiry: SystemTime) -> (u16, String) {
    let expiry = jiff::Timestamp::try_from(expiry).unwrap();
    let body = format!(
        "<R><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>S3CRET-{id}</SecretAccessKey>\
         <SessionToken>S3CRET-token</SessionToken><Expiration>{expiry}</Expiration></Credentials></R>"
    );
    (200, body)
}

fn told(error: &CredentialError) -> String {
    let line = one_line(error);
    assert!(!line.contains(SECRET), "{line}");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    line
}

async fn id(chain: &CredentialChain, sigv4: &SigV4, seconds: u64) -> Result<String, String> {
    let credentials = chain.credentials_at(sigv4, at(seconds)).await;
    match credentials {
        Ok(credentials) => Ok(credentials.access_key_id().to_owned()),
        Err(error) => Err(told(&error)),
    }
}

fn instance(endpoint: &Endpoint) -> AwsEnvironment {
    AwsEnvironment {
        ec2_metadata_service_endpoint: Some(endpoint.url.clone()),
        ..AwsEnvironment::default()
    }
}

fn metadata(request: &str, credentials: (u16, String)) -> (u16, String) {
    let line = request.lines().next().unwrap();
    let has_token = request.contains("x-aws-ec2-metadata-token: S3CRET-session\r\n");
    match line {
        "PUT /latest/api/token HTTP/1.1" => (200, "S3CRET-session".into()),
        "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1" if has_token => {
            (200, "the-role\nanother".into())
        }
        "GET /latest/meta-data/iam/security-credentials/the-role HTTP/1.1" if has_token => {
            credentials
        }
        _ => (401, String::new()),
    }
}

#[tokio::test]
async fn keys_of_the_environment_come_first_and_ask_nobody() {
    let endpoint = Endpoint::new(|_| (500, String::new())).await;
    let chain = chain(AwsEnvironment {
        session_token: some("S3CRET-session"),
        container_credentials_full_uri: Some(endpoint.url.clone()),
        web_identity_token_file: some("/nowhere"),
        ..keys()
    });
    let found = chain.credentials(&SigV4::default()).await.unwrap();
    assert_eq!(found.access_key_id(), "AKIDENV");
    assert_eq!(found.session_token(), Some("S3CRET-session"));
    assert_eq!(chain.region(&SigV4::default()).await.unwrap(), "eu-west-1");
    assert!(endpoint.asked().is_empty());
    assert!(!format!("{chain:?}").contains(SECRET));
}

#[tokio::test]
async fn the_instance_is_asked_again_shortly_before_expiry() {
    let endpoint = Endpoint::new(|request| metadata(request, document("INSTANCE", at(3600)))).await;
    let chain = chain(instance(&endpoint));
    let block = SigV4::default();
    assert_eq!(id(&chain, &block, 0).await.unwrap(), "INSTANCE");
    let asked = endpoint.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].contains("x-aws-ec2-metadata-token-ttl-seconds: 60\r\n"));
    for (seconds, requests) in [(1, 0), (3299, 0), (3300, 3)] {
        assert_eq!(id(&chain, &block, seconds).await.unwrap(), "INSTANCE");
        assert_eq!(endpoint.asked().len(), requests, "after {seconds} s");
    }
}

#[tokio::test]
async fn what_is_still_good_is_used_when_the_source_fails() {
    let fails = Arc::new(Mutex::new(false));
    let switch = Arc::clone(&fails);
    let endpoint = Endpoint::new(move |request| {
        let answer = match *switch.lock().unwrap() {
            true => (404, String::new()),
            false => document("INSTANCE", at(3600)),
        };
        metadata(request, answer)
    })
    .await;
    let chain = chain(instance(&endpoint));
    let block = SigV4::default();
    assert!(id(&chain, &block, 0).await.is_ok());
    *fails.lock().unwrap() = true;
    endpoint.asked();
    for (seconds, requests) in [(3301, 3), (3302, 0), (3331, 3), (3599, 3)] {
        assert_eq!(id(&chain, &block, seconds).await.unwrap(), "INSTANCE");
        assert_eq!(endpoint.asked().len(), requests, "after {seconds} s");
    }
    assert_eq!(
        id(&chain, &block, 3629).await.unwrap_err(),
        "AWS credentials: found none in environment, web identity, profile and container: \
         AWS instance metadata `/latest/meta-data/iam/security-credentials/`: refused with HTTP status 404"
    );
    *fails.lock().unwrap() = false;
    assert!(id(&chain, &block, 3630).await.is_ok());
}

#[tokio::test]
async fn a_role_of_another_shape_is_not_asked_for() {
    for role in ["../../user-data", "", "a b", "S3CRET?x"] {
        let endpoint = Endpoint::new(move |request| match request.starts_with("PUT") {
            true => (200, "token".into()),
            false => (200, role.into()),
        })
        .await;
        let chain = chain(instance(&endpoint));
        let error = id(&chain, &SigV4::default(), 0).await.unwrap_err();
        assert!(
            error.ends_with("expected a role's name in the answer, found none"),
            "{error}"
        );
        assert_eq!(endpoint.asked().len(), 2, "{role}");
    }
}

#[tokio::test]
async fn a_container_is_asked_with_the_token_of_the_moment() {
    let endpoint = Endpoint::new(|_| document("CONTAINER", at(600))).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let chain = chain(AwsEnvironment {
        container_credentials_full_uri: Some(format!("{}/v1/credentials", endpoint.url)),
        container_authorization_token: some("not this one"),
        container_authorization_token_file: token.to_str().map(Into::into),
        ..AwsEnvironment::default()
    });
    for (seconds, text) in [(0, "S3CRET-one"), (301, "S3CRET-two\n")] {
        std::fs::write(&token, text).unwrap();
        let found = id(&chain, &SigV4::default(), seconds).await;
        assert_eq!(found.unwrap(), "CONTAINER");
        let asked = endpoint.asked();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].starts_with("GET /v1/credentials HTTP/1.1\r\n"));
        let header = format!("authorization: {}\r\n", text.trim());
        assert!(asked[0].contains(&header), "{}", asked[0]);
    }
    std::fs::write(&token, "S3CRET\none").unwrap();
    assert_eq!(
        id(&chain, &SigV4::default(), 700).await.unwrap_err(),
        "AWS container credentials: the authorization token holds a character that no request can carry"
    );
}

#[tokio::test]
async fn failures_of_an_endpoint() {
    for (status, body, requests, words) in [
        (302, String::new(), 1, "refused with HTTP status 302"),
        (
            403,
            r#"{"code":"AccessDeniedException","message":"S3CRET"}"#.into(),
            1,
            "refused with HTTP status 403 (AccessDeniedException)",
        ),
        (503, SECRET.into(), 2, "refused with HTTP status 503"),
        (
            200,
            SECRET.repeat(20_000),
            1,
            "the answer is longer than 65536 bytes",
        ),
        (
            200,
            r#"{"AccessKeyId":"S3CRET"}"#.into(),
            1,
            "expected JSON with `AccessKeyId`, `SecretAccessKey` and a time as `Expiration` in the answer, found none",
        ),
    ] {
        let endpoint = Endpoint::new(move |_| (status, body.clone())).await;
        let chain = chain(AwsEnvironment {
            container_credentials_full_uri: Some(endpoint.url.clone()),
            ..AwsEnvironment::default()
        });
        let error = id(&chain, &SigV4::default(), 0).await.unwrap_err();
        assert_eq!(error, format!("AWS container credentials: {words}"));
        assert_eq!(endpoint.asked().len(), requests, "{words}");
    }
}

#[tokio::test]
async fn a_web_identity_is_exchanged_at_sts() {
    let sts = Endpoint::new(|_| sts_answer("WEB", at(3600))).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "S3CRET.jwt+/=\n").unwrap();
    let environment = AwsEnvironment {
        web_identity_token_file: token.to_str().map(Into::into),
        role_arn: some("arn:aws:iam::123456789012:role/r"),
        region: some("eu-west-1"),
        endpoint_url_sts: Some(sts.url.clone()),
        ..AwsEnvironment::default()
    };
    let found = id(&chain(environment.clone()), &SigV4::default(), 0).await;
    assert_eq!(found.unwrap(), "WEB");
    let asked = sts.asked();
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST / HTTP/1.1\r\n"));
    assert!(!head.contains("authorization"), "{head}");
    assert_eq!(
        body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr\
         &RoleSessionName=promql-guard&WebIdentityToken=S3CRET.jwt%2B%2F%3D"
    );
    let without = chain(AwsEnvironment {
        role_arn: None,
        ..environment
    });
    assert_eq!(
        id(&without, &SigV4::default(), 0).await.unwrap_err(),
        "AWS web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not"
    );
}

#[tokio::test]
async fn a_role_is_assumed_with_what_was_found_and_kept() {
    let sts = Endpoint::new(|_| sts_answer("ROLE", at(900))).await;
    let chain = chain(AwsEnvironment {
        session_token: some("S3CRET-session"),
        endpoint_url_sts: Some(sts.url.clone()),
        ..keys()
    });
    let block = with_role("arn:aws:iam::123456789012:role/r");
    assert_eq!(id(&chain, &block, 0).await.unwrap(), "ROLE");
    let asked = sts.asked();
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(
            "authorization: AWS4-HMAC-SHA256 Credential=AKIDENV/20260304/eu-west-1/sts/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
        ),
        "{head}"
    );
    assert!(head.contains("x-amz-security-token: S3CRET-session"));
    assert_eq!(
        body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr\
         &RoleSessionName=promql-guard&DurationSeconds=900"
    );
    for (seconds, requests) in [(599, 0), (600, 1)] {
        assert_eq!(id(&chain, &block, seconds).await.unwrap(), "ROLE");
        assert_eq!(sts.asked().len(), requests, "after {seconds} s");
    }
    assert_eq!(id(&chain, &SigV4::default(), 0).await.unwrap(), "AKIDENV");
}

#[tokio::test]
async fn a_profile_of_the_shared_files() {
    let sts = Endpoint::new(|request| {
        let is_outer = request.contains("RoleArn=arn%3Aouter");
        sts_answer(if is_outer { "OUTER" } else { "INNER" }, at(900))
    })
    .await;
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(home.path().join(".aws").join(name), text).unwrap();
    };
    write(
        "config",
        "[profile inner]\nrole_arn = arn:inner\nsource_profile = base\n\
         [profile outer]\nrole_arn = arn:outer\nsource_profile = inner\nregion = eu-north-1\nexternal_id = x y\n",
    );
    let base = |id| format!("[base]\naws_access_key_id = {id}\naws_secret_access_key = S3CRET\n");
    write("credentials", &base("BASE"));
    let profile = |name| SigV4 {
        profile: some(name),
        ..SigV4::default()
    };
    let environment = AwsEnvironment {
        region: None,
        home: home.path().to_str().map(Into::into),
        endpoint_url_sts: Some(sts.url.clone()),
        ..keys()
    };
    let chain = chain(environment.clone());
    let block = profile("outer");
    assert_eq!(id(&chain, &block, 0).await.unwrap(), "OUTER");
    let asked = sts.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].contains("Credential=BASE/20260304/eu-north-1/sts/"));
    assert!(asked[1].contains("Credential=INNER/20260304/eu-north-1/sts/"));
    assert!(asked[1].ends_with("&ExternalId=x+y"));
    assert_eq!(chain.region(&block).await.unwrap(), "eu-north-1");

    // A file that was changed is read again within a minute.
    assert_eq!(id(&chain, &profile("base"), 0).await.unwrap(), "BASE");
    write("credentials", &base("OTHER"));
    assert_eq!(id(&chain, &profile("base"), 59).await.unwrap(), "BASE");
    assert_eq!(id(&chain, &profile("base"), 60).await.unwrap(), "OTHER");

    // The environment's profile goes after its keys, the block's before.
    let named = self::chain(AwsEnvironment {
        profile: some("base"),
        ..environment.clone()
    });
    assert_eq!(id(&named, &SigV4::default(), 0).await.unwrap(), "AKIDENV");
    let named = self::chain(AwsEnvironment {
        access_key_id: None,
        profile: some("base"),
        ..environment
    });
    assert_eq!(id(&named, &SigV4::default(), 0).await.unwrap(), "OTHER");

    write("credentials", "[base]\nS3CRET\n");
    let path = home.path().join(".aws/credentials");
    assert_eq!(
        id(&named, &SigV4::default(), 61).await.unwrap_err(),
        format!(
            "AWS shared file `{}`: line 2: expected `[section]` or `key = value`",
            path.display()
        )
    );
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_told() {
    let disabled = || AwsEnvironment {
        ec2_metadata_disabled: some("TRUE"),
        ..AwsEnvironment::default()
    };
    let region = |region: &str| SigV4 {
        region: some(region),
        role_arn: some("arn:r"),
        ..SigV4::default()
    };
    let profile = SigV4 {
        profile: some("nowhere"),
        ..SigV4::default()
    };
    for (environment, block, words) in [
        (
            disabled(),
            SigV4::default(),
            "AWS credentials: found none in environment, web identity, profile and container",
        ),
        (
            keys(),
            profile,
            "AWS profile `nowhere`: is neither in the config nor in the credentials file",
        ),
        (
            AwsEnvironment {
                region: None,
                ..keys()
            },
            with_role("arn:r"),
            "AWS region: found none; set `authentication.sigv4.region`, or AWS_REGION for the controller",
        ),
        (
            keys(),
            region("x.example/"),
            "AWS region: expected the like of `eu-west-1`, found `x.example/`",
        ),
        (
            AwsEnvironment {
                endpoint_url_sts: some("sts.example"),
                ..keys()
            },
            with_role("arn:r"),
            "AWS STS: AWS_ENDPOINT_URL_STS: expected an http or https URL",
        ),
        (
            AwsEnvironment {
                container_credentials_full_uri: some("http://S3CRET.example/"),
                ..disabled()
            },
            SigV4::default(),
            "AWS container credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https, or http to a loopback, ECS or EKS agent's address",
        ),
        (
            AwsEnvironment {
                shared_credentials_file: some("/nowhere/credentials"),
                ..disabled()
            },
            SigV4::default(),
            "AWS shared file: read `/nowhere/credentials`: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(id(&chain(environment), &block, 0).await.unwrap_err(), words);
    }
}

#[tokio::test]
async fn sts_refuses_and_only_its_code_is_told() {
    let sts = Endpoint::new(|_| {
        let body = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The canonical string should have been S3CRET</Message></Error></ErrorResponse>";
        (403, body.into())
    })
    .await;
    let chain = chain(AwsEnvironment {
        endpoint_url_sts: Some(sts.url.clone()),
        ..keys()
    });
    assert_eq!(
        id(&chain, &with_role("arn:r"), 0).await.unwrap_err(),
        "AWS STS AssumeRole of role `arn:r`: refused with HTTP status 403 (SignatureDoesNotMatch)"
    );
    assert_eq!(sts.asked().len(), 1);
}

#[tokio::test]
async fn callers_share_one_fetch_and_its_failure() {
    let sts = Endpoint::new(|request| match request.contains("RoleArn=good") {
        true => sts_answer("ROLE", at(900)),
        false => (403, String::new()),
    })
    .await;
    let chain = chain(AwsEnvironment {
        endpoint_url_sts: Some(sts.url.clone()),
        ..keys()
    });
    let good = with_role("good");
    let (one, two) = tokio::join!(id(&chain, &good, 0), id(&chain, &good, 0));
    assert_eq!((one.unwrap(), two.unwrap()), ("ROLE".into(), "ROLE".into()));
    assert_eq!(sts.asked().len(), 1);

    let bad = with_role("bad");
    let (one, two) = tokio::join!(id(&chain, &bad, 0), id(&chain, &bad, 0));
    assert_eq!(one.unwrap_err(), two.unwrap_err());
    assert_eq!(sts.asked().len(), 1);
    assert!(id(&chain, &bad, 0).await.is_err());
    assert_eq!(sts.asked().len(), 1, "a failure is not kept");
}

#[tokio::test]
async fn what_templates_choose_does_not_pile_up() {
    let sts = Endpoint::new(|_| sts_answer("ROLE", at(900))).await;
    let chain = chain(AwsEnvironment {
        endpoint_url_sts: Some(sts.url.clone()),
        ..keys()
    });
    for number in 0..200 {
        let block = with_role(&format!("arn:{number}"));
        assert_eq!(id(&chain, &block, 0).await.unwrap(), "ROLE");
    }
    sts.asked();
    id(&chain, &with_role("arn:199"), 0).await.unwrap();
    assert_eq!(sts.asked().len(), 0, "the last ones are kept");
    id(&chain, &with_role("arn:0"), 0).await.unwrap();
    assert_eq!(sts.asked().len(), 1, "the first ones are forgotten");
}

#[tokio::test]
async fn a_call_can_move_between_threads() {
    let chain = Arc::new(chain(keys()));
    let task = tokio::spawn(async move {
        let found = chain.credentials(&SigV4::default()).await;
        found.unwrap().access_key_id().to_owned()
    });
    assert_eq!(task.await.unwrap(), "AKIDENV");
}
