//! `perfkit man`.

use crate::args;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

/// The manual page, with a section for each verb.
pub(crate) fn run() -> Result<Exit, Error> {
    let failed = |error: std::io::Error| Error::data(format!("cannot write the manual: {error}"));
    let mut description = args::description();
    description.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(description.clone())
        .render(&mut page)
        .map_err(failed)?;
    for verb in description.get_subcommands().filter(|v| !v.is_hide_set()) {
        let name = format!("perfkit {}", verb.get_name());
        page.extend(format!("\n.SH \"{}\"\n", name.to_uppercase()).bytes());
        let man = clap_mangen::Man::new(verb.clone());
        man.render_synopsis_section(&mut page).map_err(failed)?;
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    terminal::print_exactly(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
