/**
 * The socket that a drift job's login connects to. Only its user may; one check at a time, a second one is turned away.
 */
export const driftSocket = `# Written by fjord; changes are overwritten.
[Unit]
Description=Drift check of this node (fjord)

[Socket]
ListenStream=/run/fjord-drift.socket
SocketUser=fjord-drift
SocketMode=0600
Accept=yes
MaxConnections=1

[Install]
WantedBy=sockets.target
`;

/**
 * The check itself. The kernel holds it to reading: every file system is read-only but its own logs, the folder of the
 * lock and a /tmp of its own, kernel settings and control groups among them, and it has no capability to undo that.
 * CAP_NET_ADMIN is what listing nftables takes, CAP_DAC_READ_SEARCH what reading files of others does.
 */
export const driftService = `# Written by fjord; changes are overwritten.
[Unit]
Description=Drift check of this node (fjord)
CollectMode=inactive-or-failed

[Service]
Type=exec
ExecStart=-/usr/local/lib/fjord/drift/check
StandardInput=null
StandardOutput=socket
StandardError=journal
RuntimeMaxSec=200
Nice=10
IOSchedulingClass=idle
ProtectSystem=strict
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
PrivateTmp=yes
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_ADMIN CAP_DAC_READ_SEARCH
RuntimeDirectory=fjord
RuntimeDirectoryPreserve=yes
LogsDirectory=fjord
LogsDirectoryMode=0700
`;
