//! `roomwright view`: a run or a batch in the browser.

use super::args::ViewArgs;
use crate::review::Server;
use anyhow::Result;

/// Runs the verb: prints the address and serves until it is stopped.
pub fn run(args: &ViewArgs) -> Result<()> {
    let server = Server::bind(&args.dir, args.port)?;
    println!("{}", server.url());
    eprintln!("open this address in a browser; stop with Ctrl-C");
    Ok(server.serve()?)
}
