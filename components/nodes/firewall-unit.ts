/**
 * The unit that loads the firewall at boot. It starts after nftables.service, whose stock configuration begins by
 * flushing everything, and before any network is up. That configuration is loaded again by a restart of nftables.service
 * (PartOf) and by its reload (ReloadPropagatedFrom); both times this unit follows, by After.
 */
export const firewallUnit = `# Written by fjord; changes are overwritten.
[Unit]
Description=Firewall of this node (fjord)
Documentation=man:nft(8)
DefaultDependencies=no
After=nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/fjord/firewall.nft
ExecReload=/usr/sbin/nft -f /etc/fjord/firewall.nft
ExecStop=/usr/sbin/nft delete table inet fjord

[Install]
WantedBy=multi-user.target
`;
