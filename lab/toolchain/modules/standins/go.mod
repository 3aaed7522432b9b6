module fjord.lab/toolchain/standins

go 1.26.0
