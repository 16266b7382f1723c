//! Proptest strategies for every kind of value.

use std::fmt::Debug;

use openrouter_oauth_models::{
    AccessToken, ApiKey, ApiKeyGrant, AuthorizationCode, CallbackUrl, CodeChallenge, CodeVerifier,
    CreateAuthCode, CreatedAuthCode, CreditLimit, DataRegion, ErrorEnvelope, ErrorResponse, ExchangeAuthCode,
    ExchangeToken, FederationPolicyId, FreeModelDailyRequests, GrantType, Jwk, KeyBudget, KeyInfo, KeyLabel,
    Nullable, OAuthErrorResponse, RateLimit, SubjectToken, Timestamp, TokenFormat, TokenResponse, TokenType,
    WorkspaceId, ZodErrorResponse,
};
use proptest::{array, collection, num::f64, option, prelude::*};
use serde_json::{Map, Value};

/// Strings that match `pattern`, parsed as `T`.
pub(crate) fn text<T>(pattern: &str) -> impl Strategy<Value = T> + use<T>
where
    T: Debug + for<'a> TryFrom<&'a str, Error: Debug>,
{
    let strings = proptest::string::string_regex(pattern).unwrap();
    strings.prop_map(|text| T::try_from(&*text).unwrap())
}

pub(crate) fn code() -> impl Strategy<Value = AuthorizationCode> {
    text("[ -~]{1,512}")
}

pub(crate) fn key() -> impl Strategy<Value = ApiKey> {
    text("[!-~]{1,512}")
}

pub(crate) fn verifier() -> impl Strategy<Value = CodeVerifier> {
    text("[A-Za-z0-9._~-]{43,128}")
}

pub(crate) fn label() -> impl Strategy<Value = KeyLabel> {
    text("[^\\p{C}\\p{Z}][^\\p{C}\\p{Zl}\\p{Zp}]{0,99}")
}

pub(crate) fn callback_url() -> impl Strategy<Value = CallbackUrl> {
    let origin = r"(https://[a-z][a-z0-9]{0,19}(\.[a-z]{1,9}){0,3}|http://(localhost|127\.0\.0\.1))(:[1-9][0-9]{0,3})?";
    text(&format!(
        "{origin}(/([a-zA-Z0-9/;:@_~-]|%2[0-9A-D]){{0,40}}(\\.html)?)?(\\?[a-z]=[a-z0-9&=]{{0,20}})?"
    ))
}

pub(crate) fn workspace_id() -> impl Strategy<Value = WorkspaceId> {
    text("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
}

/// Known and unknown values of enums.
pub(crate) fn word() -> impl Strategy<Value = String> {
    prop_oneof!["daily|weekly|monthly|S256|plain|invalid_grant|inference|Bearer", any::<String>()]
}

pub(crate) fn words<T: Debug + for<'a> From<&'a str>>() -> impl Strategy<Value = T> {
    word().prop_map(|word| T::from(&*word))
}

pub(crate) fn nullable<T: Clone + Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Nullable<T>> {
    prop_oneof![Just(Nullable::Absent), Just(Nullable::Null), value.prop_map(Nullable::Value)]
}

/// Amounts that a credit limit accepts.
pub(crate) fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        f64::POSITIVE | f64::SUBNORMAL | f64::ZERO,
        (0_u32..1_000_000).prop_map(|cents| f64::from(cents) / 100.0)
    ]
}

pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_i64..253_402_000_000, option::of(0_u32..1_000_000_000)).prop_map(|(seconds, nanos)| {
        let whole = Timestamp::from_unix_seconds(seconds).unwrap();
        let Some(nanos) = nanos else { return whole };
        Timestamp::parse(&whole.to_string().replace('Z', &format!(".{nanos:09}Z"))).unwrap()
    })
}

/// JSON of any shape.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        amount().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(any::<String>(), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A JSON object.
pub(crate) fn object() -> impl Strategy<Value = Map<String, Value>> {
    collection::btree_map(any::<String>(), value(), 0..3).prop_map(|map| map.into_iter().collect())
}

pub(crate) fn exchange_request() -> impl Strategy<Value = ExchangeAuthCode> {
    (code(), option::of(verifier()), nullable(words())).prop_map(|(code, verifier, method)| {
        let mut request = ExchangeAuthCode::new(code);
        request.code_verifier = verifier;
        request.code_challenge_method = method;
        request
    })
}

pub(crate) fn grant() -> impl Strategy<Value = ApiKeyGrant> {
    (key(), any::<Option<String>>()).prop_map(|(key, user_id)| {
        let mut grant = ApiKeyGrant::new(key);
        grant.user_id = user_id;
        grant
    })
}

pub(crate) fn create_request() -> impl Strategy<Value = CreateAuthCode> {
    let pkce = (option::of(text::<CodeChallenge>("[A-Za-z0-9._~-]{43,128}")), option::of(words()));
    let limit = (option::of(amount()), option::of(words()));
    (callback_url(), pkce, nullable(timestamp()), option::of(label()), limit, option::of(workspace_id()))
        .prop_map(|(url, (challenge, method), expires_at, label, (limit, interval), workspace)| {
            let mut request = CreateAuthCode::new(url).expires_at(expires_at);
            request.code_challenge = challenge;
            request.code_challenge_method = method;
            request.key_label = label;
            request.limit = limit.map(|dollars| CreditLimit::new(dollars).unwrap());
            request.usage_limit_type = interval;
            request.workspace_id = workspace;
            request
        })
}

pub(crate) fn auth_code() -> impl Strategy<Value = CreatedAuthCode> {
    // Padding is trimmed.
    let id = text("[!-~]([ -~]{0,510}[!-~])?");
    (id, option::of(any::<i64>()), option::of(timestamp())).prop_map(|(id, app_id, created_at)| {
        let mut code = CreatedAuthCode::new(id);
        (code.app_id, code.created_at) = (app_id, created_at);
        code
    })
}

pub(crate) fn key_info() -> impl Strategy<Value = KeyInfo> {
    let texts = (any::<Option<String>>(), nullable(any::<String>()));
    let limits = (nullable(amount()), nullable(amount()), nullable(words()), nullable(timestamp()));
    let usage = array::uniform4(option::of(amount()));
    let byok_usage = array::uniform4(option::of(amount()));
    let flags = any::<[Option<bool>; 4]>();
    let rate_limit =
        option::of((option::of(any::<i64>()), option::of(any::<String>()), option::of(any::<String>())));
    let owners = (nullable(any::<String>()), nullable(any::<String>()));
    let regions = option::of(collection::vec(words::<DataRegion>(), 0..3));
    let budgets = (option::of(collection::vec(key_budget(), 0..3)), nullable(key_budget()));
    let free = option::of(array::uniform3(option::of(any::<i64>())));
    // No name of a known field.
    let other =
        object().prop_map(|object| object.into_iter().map(|(name, value)| (format!("+{name}"), value)));
    // Boxed, since a tuple of all would overflow a test's stack.
    let added = (owners, regions, budgets, free, other).boxed();
    (texts, limits, usage, byok_usage, flags, rate_limit, added).prop_map(
        |(texts, limits, usage, byok_usage, flags, rate_limit, added)| {
            let (owners, regions, budgets, free, other) = added;
            let mut info = KeyInfo::default();
            (info.organization_id, info.workspace_id) = owners;
            info.allowed_data_regions = regions;
            (info.budgets, info.effective_budget) = budgets;
            info.free_model_daily_requests = free.map(|counts| {
                let mut free = FreeModelDailyRequests::default();
                [free.limit, free.remaining, free.used] = counts;
                free
            });
            info.other = other.collect();
            (info.label, info.creator_user_id) = texts;
            (info.limit, info.limit_remaining, info.limit_reset, info.expires_at) = limits;
            [info.usage, info.usage_daily, info.usage_weekly, info.usage_monthly] = usage;
            [info.byok_usage, info.byok_usage_daily, info.byok_usage_weekly, info.byok_usage_monthly] =
                byok_usage;
            [
                info.include_byok_in_limit,
                info.is_free_tier,
                info.is_management_key,
                info.is_provisioning_key,
            ] = flags;
            info.rate_limit = rate_limit.map(|(requests, interval, note)| {
                let mut limit = RateLimit::default();
                (limit.requests, limit.interval, limit.note) = (requests, interval, note);
                limit
            });
            info
        },
    )
}

fn key_budget() -> BoxedStrategy<KeyBudget> {
    let amounts = array::uniform3(option::of(amount()));
    let ids = (nullable(any::<String>()), nullable(any::<String>()));
    let resets = (nullable(words()), nullable(timestamp()));
    (option::of(any::<String>()), amounts, any::<Option<bool>>(), resets, ids)
        .prop_map(|(scope, amounts, include_byok, resets, ids)| {
            let mut budget = KeyBudget::default();
            (budget.scope, budget.include_byok) = (scope, include_byok);
            [budget.limit_usd, budget.spend_usd, budget.remaining_usd] = amounts;
            (budget.reset_interval, budget.resets_at) = resets;
            (budget.budget_id, budget.guardrail_id) = ids;
            budget
        })
        .boxed()
}

pub(crate) fn token_request() -> impl Strategy<Value = ExchangeToken> {
    let formats = (words::<GrantType>(), words(), option::of(words::<TokenFormat>()));
    let token = text::<SubjectToken>("[!-~]{1,600}");
    let policy = text::<FederationPolicyId>("[!-~]{1,256}");
    (policy, token, formats, option::of(words())).prop_map(|(policy, token, formats, scope)| {
        let mut request = ExchangeToken::new(policy, token);
        (request.grant_type, request.subject_token_type, request.requested_token_type) = formats;
        request.scope = scope;
        request
    })
}

pub(crate) fn access_token() -> impl Strategy<Value = TokenResponse> {
    let kinds = (option::of(words::<TokenFormat>()), option::of(words::<TokenType>()), option::of(words()));
    (text::<AccessToken>("[!-~]{1,600}"), any::<Option<u64>>(), kinds).prop_map(|(token, seconds, kinds)| {
        let mut response = TokenResponse::new(token);
        response.expires_in = seconds;
        (response.issued_token_type, response.token_type, response.scope) = kinds;
        response
    })
}

pub(crate) fn jwk() -> impl Strategy<Value = Jwk> {
    (any::<String>(), any::<[Option<String>; 6]>()).prop_map(|(kty, rest)| {
        let mut key = Jwk::new(kty);
        [key.crv, key.alg, key.usage, key.kid, key.x, key.y] = rest;
        key
    })
}

pub(crate) fn error_envelope() -> impl Strategy<Value = ErrorEnvelope> {
    let nested =
        (any::<i64>(), any::<String>(), nullable(object()), nullable(any::<String>()), nullable(object()));
    let nested = nested.prop_map(|(code, message, metadata, user_id, openrouter_metadata)| {
        let mut response = ErrorResponse::new(code, message);
        response.error.metadata = metadata;
        response.user_id = user_id;
        response.openrouter_metadata = openrouter_metadata;
        ErrorEnvelope::Nested(response)
    });
    let oauth = (words(), any::<[Option<String>; 2]>()).prop_map(|(error, [description, uri])| {
        let mut response = OAuthErrorResponse::new(error);
        response.error_description = description;
        response.error_uri = uri;
        ErrorEnvelope::OAuth(response)
    });
    let zod = any::<String>().prop_map(|message| ErrorEnvelope::Zod(ZodErrorResponse::new(message)));
    prop_oneof![nested, oauth, zod]
}
