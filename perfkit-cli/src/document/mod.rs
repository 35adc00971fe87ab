//! What a report says, in sentences, tables and remarks that know no format.
//!
//! [`blocks`] and [`sentence`] are what documents are made of, [`numbers`] and
//! [`words`] what all of them share. A file each has comparisons in sentences and in
//! tables, numbers, histograms, operations and gates. [`report`], [`pull_request`] and
//! [`verdict_list`] with [`details`] put documents together for different readers.

mod answer;
mod blocks;
mod change_tables;
mod counts;
mod details;
mod gate;
mod headline;
mod histograms;
mod load;
mod machine;
mod named_apart;
mod number_tables;
mod numbers;
mod operations;
mod origin;
mod other_metrics;
mod pull_request;
mod ranking;
mod recording;
mod remarks;
mod report;
mod sampling;
mod selftest;
mod spans;
mod titles;
mod verdict_list;
mod verdict_sentence;
mod view;
mod words;

pub(crate) use answer::answer;
#[cfg(test)]
pub(crate) use blocks::Histogram;
pub(crate) use blocks::{Align, BINS, Block, Document, Histograms, Table};
pub(crate) use details::details;
pub(crate) use headline::headline;
pub(crate) use histograms::MOST as MOST_HISTOGRAMS;
pub(crate) use machine::machine;
pub(crate) use named_apart::named_apart;
pub(crate) use numbers::{NOTHING, RatioText};
pub(crate) use origin::origin;
pub(crate) use pull_request::pull_request;
pub(crate) use ranking::{Ranked, in_rank_order, ranking};
pub(crate) use recording::recording;
pub(crate) use remarks::{Detail, remarks};
pub(crate) use report::document;
pub(crate) use selftest::selftest;
pub(crate) use spans::{Sentence, Span, Style};
pub(crate) use titles::{kind, listed, title, title_and_time};
pub(crate) use verdict_list::{ListedVerdict, verdict_list};
pub(crate) use view::View;
pub(crate) use words::{
    VERDICT_WORDS, capitalised, counted, is_time, most_striking_first, severity_word,
    verdict_style, verdict_word,
};
