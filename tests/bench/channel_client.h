// The update client's part of bench_channel.
#pragma once

namespace firebreak::bench {

// Checks that find nothing new, over a store on disk and a CDN in memory, for each profile; beside
// one bare signature verification, which takes so many seconds.
void checks_without_news(double bare_verification);

// One package of 1 GiB through a whole round: what it takes, and by how much this process grows.
void one_large_package();

}  // namespace firebreak::bench
