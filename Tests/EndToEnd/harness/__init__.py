"""What the end-to-end tests are written with: a gateway process, upstreams that obey, raw sockets."""
