//! The rows of the report, and what the SDK may use in each.

use openrouter_oauth_tests::Result;

use crate::{
    canned::CannedResponse,
    limit::Limit::{self, AllocationRatio, Allocations, InstructionRatio, Instructions, InstructionsPerByte},
    side::{SDK, SDK_OVER_REQWEST, SDK_OVER_UREQ},
};

/// One line of the report: the same work by hand and through the SDK.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The name of the SDK's side.
    pub(crate) sdk: &'static str,
    pub(crate) work: Work,
    /// How often the work is repeated under callgrind.
    pub(crate) repetitions: u32,
    pub(crate) is_tls: bool,
    pub(crate) response: CannedResponse,
    pub(crate) limits: &'static [Limit],
}

/// What is repeated.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    ExchangeAuthCode,
    /// The exchange of a pending sign-in. The sign-ins exist before the measurement.
    ExchangePending,
    /// This many `ExchangeAuthCode` at once, each in a task of its own, on one thread.
    AtOnce(u32),
    ExchangeRejectedCode,
    Begin,
    ReadCallback,
    PkcePair,
    /// A process that creates a client, exchanges one code, and ends.
    Process,
}

pub(crate) const EXCHANGE_AUTH_CODE: &str = "exchange_auth_code";
/// The row whose ratios are on the last line of the report.
pub(crate) const PENDING: &str = "exchange, pending sign-in";
/// The row that `bench cpu` measures.
pub(crate) const AT_ONCE: &str = "64 exchanges at once";
/// The rejection with a short message.
pub(crate) const REJECTED: &str = "rejected code";

/// An exchange over a connection that is already open. The other rows change some of its fields.
const EXCHANGE_ROW: Row = Row {
    name: EXCHANGE_AUTH_CODE,
    sdk: SDK,
    work: Work::ExchangeAuthCode,
    repetitions: 500,
    is_tls: false,
    response: CannedResponse::Grant,
    limits: &[],
};

/// The only place that has limits.
///
/// The numbers of allocations are those that were measured, so that one more exceeds them. With 1,000 exchanges at once,
/// a busy machine adds a few connections, and so up to one allocation per exchange. The ratios that are not goals are
/// slightly above the measured ones.
pub(crate) const ROWS: &[Row] = &[
    Row { limits: &[InstructionRatio(0.90), AllocationRatio(1.00), Allocations(18.0)], ..EXCHANGE_ROW },
    Row {
        name: PENDING,
        work: Work::ExchangePending,
        limits: &[InstructionRatio(0.90), AllocationRatio(1.00), Allocations(17.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "exchange over reqwest",
        sdk: SDK_OVER_REQWEST,
        limits: &[Instructions(90_000.0), Allocations(65.0)],
        ..EXCHANGE_ROW
    },
    Row {
        // With the client that blocks. Each exchange opens a connection.
        name: "exchange over ureq",
        sdk: SDK_OVER_UREQ,
        limits: &[Instructions(250_000.0), Allocations(64.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: AT_ONCE,
        work: Work::AtOnce(64),
        repetitions: 10,
        limits: &[InstructionRatio(0.90), Allocations(20.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "1,000 exchanges at once",
        work: Work::AtOnce(1000),
        repetitions: 2,
        limits: &[InstructionRatio(0.95), Allocations(21.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "exchange over TLS",
        is_tls: true,
        limits: &[InstructionRatio(0.89), Allocations(21.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: REJECTED,
        work: Work::ExchangeRejectedCode,
        response: CannedResponse::Rejection,
        limits: &[InstructionRatio(1.15), Allocations(29.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "rejected code, 8 KiB",
        work: Work::ExchangeRejectedCode,
        repetitions: 100,
        response: CannedResponse::LongRejection,
        // This covers the whole call: reading, parsing, and redacting the body. Redaction takes less than half of it.
        limits: &[InstructionsPerByte(27.5), Allocations(29.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "begin",
        work: Work::Begin,
        limits: &[Instructions(12_500.0), Allocations(7.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "read_callback",
        work: Work::ReadCallback,
        limits: &[InstructionRatio(1.12), Allocations(2.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "PKCE pair",
        work: Work::PkcePair,
        limits: &[InstructionRatio(1.05), Allocations(2.0)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "first exchange, HTTP",
        work: Work::Process,
        repetitions: 1,
        limits: &[InstructionRatio(1.06), AllocationRatio(1.08)],
        ..EXCHANGE_ROW
    },
    Row {
        name: "first exchange, TLS",
        work: Work::Process,
        repetitions: 1,
        is_tls: true,
        limits: &[InstructionRatio(1.02), AllocationRatio(1.06)],
        ..EXCHANGE_ROW
    },
];

impl Row {
    pub(crate) fn find(name: &str) -> Result<&'static Self> {
        ROWS.iter().find(|row| row.name == name).ok_or_else(|| format!("no such row: {name}").into())
    }

    /// Returns by how much to divide the counts of a run.
    pub(crate) fn units(&self) -> f64 {
        let per_repetition = match self.work {
            Work::AtOnce(exchanges) => exchanges,
            _ => 1,
        };
        f64::from(self.repetitions) * f64::from(per_repetition)
    }
}
