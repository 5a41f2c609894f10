"""The runtime: messages, mailboxes, links, hosts and the systems made of them."""
