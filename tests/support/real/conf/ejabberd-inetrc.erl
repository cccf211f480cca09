{lookup, ["file", "native"]}.
{host, {127, 0, 0, 1}, ["localhost"]}.
