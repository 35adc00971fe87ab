//! Text for people: safe to show, cut to the room there is, inert within markup; and what
//! tells texts apart.

mod ascii_words;
mod ci_commands;
mod escape;
mod hash;
mod plain;
mod shorten;
mod time;
mod wrap;

pub(crate) use ascii_words::ascii_words;
pub(crate) use ci_commands::{AnnotationLevel, CiCommand, without_commands};
pub(crate) use escape::{escape_markdown, escape_xml};
pub(crate) use hash::fnv_1a;
pub(crate) use perfkit::text::printable;
pub(crate) use plain::is_plain;
pub(crate) use shorten::{display_width, label, shorten};
pub(crate) use time::{rfc_3339, utc};
pub(crate) use wrap::wrap;
