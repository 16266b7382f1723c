//! Prints the table of results.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    case::FAULT_KINDS,
    response::{OUTCOME_CLASSES, OutcomeClass},
    verdict::{CaseResult, Rule, Violation},
};

/// The results so far.
pub(crate) struct Table {
    start: Instant,
    is_silent: bool,
    section: Section,
    pub(crate) cases: usize,
    pub(crate) requests: usize,
    pub(crate) violations: Vec<Violation>,
}

/// The beginning of a section, and the results before it.
struct Section {
    start: Instant,
    cases: usize,
    violations: usize,
}

/// One row of the sweep.
pub(crate) struct Row {
    name: String,
    kinds: [usize; FAULT_KINDS.len()],
    classes: [usize; OUTCOME_CLASSES.len()],
    cases: usize,
    requests: usize,
    violations: Vec<Violation>,
    pub(crate) duration: Duration,
}

/// How many violations of a row are printed.
const SHOWN_VIOLATIONS: usize = 5;

impl Table {
    pub(crate) fn new() -> Self {
        let start = Instant::now();
        let section = Section { start, cases: 0, violations: 0 };
        Self { start, is_silent: false, section, cases: 0, requests: 0, violations: Vec::new() }
    }

    /// Creates a table that only counts, and prints nothing.
    pub(crate) fn silent() -> Self {
        Self { is_silent: true, ..Self::new() }
    }

    pub(crate) fn print_header() {
        println!(
            "{:<36} {:>5} {:>5} {:>5} {:>5}  {:>7} {:>5} {:>7} {:>7} {:>8} {:>5} {:>5} {:>6} {:>6} {:>6}",
            "row",
            "close",
            "reset",
            "stall",
            "flip",
            "success",
            "wrong",
            "reject",
            "unknown",
            "not sent",
            "tls",
            "other",
            "sent",
            "broken",
            "s"
        );
    }

    pub(crate) fn add(&mut self, row: Row) {
        if row.cases == 0 {
            return;
        }
        if !self.is_silent {
            println!("{}", row.text());
        }
        self.cases += row.cases;
        self.requests = self.requests.max(row.requests);
        self.take(row.violations);
    }

    pub(crate) fn begin_section(&mut self) {
        self.section =
            Section { start: Instant::now(), cases: self.cases, violations: self.violations.len() };
    }

    /// Prints the sums of the rows since the section began, and returns the number of their cases.
    pub(crate) fn end_section(&self, name: &str) -> usize {
        let cases = self.cases - self.section.cases;
        let violations = self.violations.len() - self.section.violations;
        if !self.is_silent {
            let duration = self.section.start.elapsed().as_secs_f64();
            println!("{name:<36} {:>6} cases  {violations} violations  {duration:>5.1} s\n", grouped(cases));
        }
        cases
    }

    /// Adds a part outside the sweep, and prints its line.
    pub(crate) fn add_part(
        &mut self,
        name: &str,
        cases: usize,
        details: &str,
        violations: Vec<Violation>,
        duration: Duration,
    ) {
        if !self.is_silent {
            println!(
                "{name:<36} {cases:>6} cases  {} violations  {:>5.1} s  {details}",
                violations.len(),
                duration.as_secs_f64()
            );
        }
        self.cases += cases;
        self.take(violations);
    }

    fn take(&mut self, violations: Vec<Violation>) {
        if !self.is_silent {
            for violation in violations.iter().take(SHOWN_VIOLATIONS) {
                println!("  BROKEN {:?}: {}", violation.rule, violation.text);
            }
        }
        self.violations.extend(violations);
    }

    /// Returns how often this rule was broken.
    pub(crate) fn violations_of(&self, rule: Rule) -> usize {
        self.violations.iter().filter(|violation| violation.rule == rule).count()
    }

    /// `faults: 20,480 cases, 0 violations, max requests 1, 41.2 s`
    pub(crate) fn summary(&self) -> String {
        format!(
            "faults: {} cases, {} violations, max requests {}, {:.1} s",
            grouped(self.cases),
            grouped(self.violations.len()),
            self.requests,
            self.start.elapsed().as_secs_f64()
        )
    }
}

impl Row {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            kinds: Default::default(),
            classes: Default::default(),
            cases: 0,
            requests: 0,
            violations: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    pub(crate) fn add(&mut self, result: CaseResult) {
        // The final calls without a fault can add violations, but do not count as faults.
        self.cases += usize::from(result.case.fault.is_some());
        self.requests = self.requests.max(result.requests);
        count(&FAULT_KINDS, &mut self.kinds, result.case.fault.map(|fault| fault.kind));
        count(&OUTCOME_CLASSES, &mut self.classes, result.class);
        self.violations.extend(result.violations);
    }

    pub(crate) fn add_violation(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    fn text(&self) -> String {
        let mut line = format!("{:<36}", self.name);
        let [close, reset, stall, flip] = self.kinds;
        let _infallible = write!(line, " {close:>5} {reset:>5} {stall:>5} {flip:>5} ");
        for (class, count) in OUTCOME_CLASSES.iter().zip(self.classes) {
            let _infallible = write!(line, " {count:>width$}", width = width(*class));
        }
        let (requests, broken, duration) =
            (self.requests, self.violations.len(), self.duration.as_secs_f64());
        let _infallible = write!(line, " {requests:>6} {broken:>6} {duration:>6.1}");
        line
    }
}

fn width(class: OutcomeClass) -> usize {
    match class {
        OutcomeClass::Success | OutcomeClass::Rejected | OutcomeClass::Unknown => 7,
        OutcomeClass::NotSent => 8,
        OutcomeClass::WrongValue | OutcomeClass::Tls | OutcomeClass::Other => 5,
    }
}

/// Increments the count of `value`.
fn count<T: PartialEq>(values: &[T], counts: &mut [usize], value: Option<T>) {
    if let Some(value) = value {
        for (counted, count) in values.iter().zip(counts) {
            *count += usize::from(*counted == value);
        }
    }
}

/// `20,480`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
